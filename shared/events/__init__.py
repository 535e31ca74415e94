"""The contracts between services: CloudEvents 1.0, one page for each producer.

Contracts only grow: a new field has a default, a changed meaning is a new event.
"""
