"""Knowledge: the answers.

Owns articles and all their versions, and the search over them. Hears ticket.answered and
ticket.concluded (which article helped, and whether it solved the matter) and unit.changed (the
names of units).
Says article.published and article.retired.
"""
