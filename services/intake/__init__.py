"""Intake, the caller's side.

Owns: callers' identity, requests as filed, follow-ups, ratings, the taxonomy.
Hears: what dispatch makes of a ticket, which articles answer.
Says: ticket.created, ticket.refused, ticket.answered, ticket.followed_up, ticket.rated.
"""
