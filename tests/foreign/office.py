"""The foreign platform with an office that handles by itself, and forgets nothing when killed.

What it decides stands in the transaction in which the message that it answers was taken.
"""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.foreign.crossing import Crossing, Handled, now


class Office(Crossing):
    """Signs and answers what is forwarded here; ends its own tickets when they are answered."""

    def __init__(self, *arguments: Any, private: X25519PrivateKey, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._private = private
        for one in self.store.all_received():
            if one["aside"] is None:
                super().took(one["from"], one)

    def took(self, sender: str, message: dict[str, Any]) -> None:
        """A message was taken: act on it at once."""
        super().took(sender, message)
        subject, kind = message["subject"], message["payload"]["type"]
        ticket = self.handled.get((sender, subject))
        if kind == "ticket.forward" and ticket is not None:
            self._handle(ticket)
        elif kind == "ticket.replied" and ticket is None:
            rated = {"result": "satisfied", "is_solved": True, "rated_by": "WP002"}
            self.tell(sender, subject, "rating", {"type": "ticket.rated", "data": rated}, now())
            ended = {"unit": sender, "reason": "satisfied"}
            self.tell(sender, subject, "result", {"type": "ticket.closed", "data": ended}, now())

    def _handle(self, ticket: Handled) -> None:
        self.sign(ticket)
        self.reply(ticket, "已现场处理完毕。")
