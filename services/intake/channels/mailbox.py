"""A mailbox looked into over IMAP: what was filed is marked as read, and nothing else is."""

import imaplib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 30
SECURE = "imaps"
FETCHED = "(BODY.PEEK[])"
SEEN, SEEN_AND_FLAGGED = r"(\Seen)", r"(\Seen \Flagged)"


class MailboxError(Exception):
    """The mailbox does not do what is asked."""


class Mailbox:
    """An open mailbox. Its calls block: run them in a thread."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._connection = connection

    def unseen(self) -> list[str]:
        """The unique numbers of what was not read yet, oldest first."""
        found = _ok(self._connection.uid("SEARCH", "UNSEEN"))
        return [number.decode() for number in (found[0] or b"").split()]

    def fetch(self, number: str) -> bytes:
        """One mail as it came; it stays unread."""
        for part in _ok(self._connection.uid("FETCH", number, FETCHED)):
            if isinstance(part, tuple):
                return bytes(part[1])
        raise MailboxError("a mail is gone")

    def mark(self, number: str, *, is_refused: bool) -> None:
        """It was read; what could not be filed is flagged, for a person to look at."""
        flags = SEEN_AND_FLAGGED if is_refused else SEEN
        _ok(self._connection.uid("STORE", number, "+FLAGS", flags))


@contextmanager
def open_mailbox(url: str) -> Iterator[Mailbox]:
    """The mailbox at `imaps://user:password@host:port/FOLDER`."""
    place = urlsplit(url)
    host, folder = place.hostname or "", unquote(place.path.strip("/")) or "INBOX"
    connection: imaplib.IMAP4
    if place.scheme == SECURE:
        connection = imaplib.IMAP4_SSL(host, place.port or 993, timeout=TIMEOUT_SECONDS)
    else:
        connection = imaplib.IMAP4(host, place.port or 143, timeout=TIMEOUT_SECONDS)
    with connection:
        connection.login(unquote(place.username or ""), unquote(place.password or ""))
        _ok(connection.select(f'"{folder}"'))
        yield Mailbox(connection)


def _ok(answer: tuple[str, Sequence[Any]]) -> Sequence[Any]:
    status, found = answer
    if status != "OK":
        raise MailboxError(f"the mailbox answers {status}")
    return found
