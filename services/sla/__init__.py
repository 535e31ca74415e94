"""The clock's side.

Owns: the deadlines of every ticket, and the clock that each ticket runs on.
Hears: ticket.created (intake); ticket.dispatched, ticket.signed, ticket.return_requested,
ticket.return_decided, ticket.replied, ticket.reopened, ticket.withdrawn, ticket.closed,
ticket.terminated, ticket.forwarded and deadline.judged (dispatch).
Says: ticket.due_soon, deadline.reached, ticket.overdue.
"""
