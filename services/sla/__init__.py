"""The clock's side.

Owns: the deadlines of every ticket, and the clock that each ticket runs on; extensions, limits set
by law, and what units promise; the orders of supervision, and what they are counted from; policy
packs and calendars.
Hears: ticket.verification_requested, ticket.verified, ticket.created, ticket.amended,
deadline.answered and ticket.erased (intake); ticket.dispatched, ticket.signed, ticket.responded,
ticket.return_requested, ticket.return_decided, ticket.interim_closed, ticket.progressed,
ticket.replied, ticket.reopened, ticket.withdrawn, ticket.declined, ticket.concluded, ticket.closed,
ticket.terminated, ticket.recalled, deadline.judged and unit.changed (dispatch);
finding.raised (analytics).
Says: ticket.due_soon, deadline.reached, ticket.overdue; ticket.extension_requested,
ticket.extension_decided, ticket.extension_explained, ticket.limit_requested, ticket.limit_decided;
ticket.clock_paused, ticket.clock_resumed; order.issued, order.answered; policy.published,
calendar.published, ticket.deadline_moved.
"""
