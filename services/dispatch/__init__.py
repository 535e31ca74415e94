"""The units' side, and the only writer of a ticket's state.

Owns the work order (state, unit, replies, returns, timeline), the directory of units and of their
duties, the cases of the coordination group and its precedents. Hears from intake `ticket.created`,
`ticket.refused`, `ticket.answered`, `ticket.recorded`, `ticket.amended`, `ticket.erased`,
`ticket.followed_up`, `ticket.rated`, `ticket.withdrawal_requested`; from sla
`deadline.reached`, `ticket.due_soon`, what becomes of extensions, limits and pauses
(`ticket.extension_*`, `ticket.limit_*`, `ticket.clock_*`,
`ticket.deadline_moved`), `order.issued`, `policy.published`, `calendar.published`;
from knowledge `article.published`, `article.retired`. Says
`ticket.dispatched`, `ticket.signed`, `ticket.responded`, `ticket.return_requested`,
`ticket.return_decided`, `ticket.progressed`, `ticket.interim_closed`, `ticket.replied`,
`ticket.reopened`, `ticket.closed`, `ticket.withdrawn`, `ticket.withdrawal_declined`,
`ticket.declined`, `ticket.concluded`, `ticket.moved`, `ticket.recalled`, `deadline.judged`,
`case.decided`, `unit.changed`.
"""
