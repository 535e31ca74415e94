"""Intake, the caller's side.

Owns: callers' identity, requests as filed, questions of scope to units, amendments, follow-ups,
ratings, the taxonomy; answers for the merge registry.
Hears: what dispatch makes of a ticket, its units, which articles answer, the law, and sla's
question whether a unit verified in time.
Says: ticket.created, ticket.refused, ticket.answered, ticket.recorded, ticket.amended,
ticket.verification_requested, ticket.verified, deadline.answered, ticket.followed_up, ticket.rated.
"""
