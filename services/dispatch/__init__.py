"""The units' side, and the only writer of a ticket's state.

Owns the work order (state, unit, replies, returns, timeline) and the directory of units and of
their duties. Hears from intake `ticket.created`, `ticket.refused`, `ticket.answered`,
`ticket.followed_up`, `ticket.rated`; from sla `deadline.reached`, `ticket.due_soon`,
`policy.published`. Says `ticket.dispatched`, `ticket.signed`, `ticket.return_requested`,
`ticket.return_decided`, `ticket.replied`, `ticket.closed`, `deadline.judged`, `unit.changed`.
"""
