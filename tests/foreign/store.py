"""What the foreign platform keeps: messages that came, and messages that go, in SQLite."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

TABLES = """
CREATE TABLE IF NOT EXISTS received (sender TEXT, id TEXT, subject TEXT, sequence INT, kind TEXT,
    at TEXT, digest TEXT, payload TEXT, aside TEXT, PRIMARY KEY (sender, id),
    UNIQUE (sender, subject, sequence));
CREATE TABLE IF NOT EXISTS sent (position INTEGER PRIMARY KEY, peer TEXT, id TEXT, subject TEXT,
    sequence INT, kind TEXT, at TEXT, digest TEXT, message TEXT, taken INT DEFAULT 0,
    UNIQUE (peer, subject, sequence));
CREATE TABLE IF NOT EXISTS blocked (peer TEXT, subject TEXT, problem TEXT,
    PRIMARY KEY (peer, subject));
CREATE TABLE IF NOT EXISTS nonces (key_id TEXT, nonce TEXT, PRIMARY KEY (key_id, nonce));
CREATE INDEX IF NOT EXISTS sent_waiting ON sent (peer, taken, position);
"""


class Known(NamedTuple):
    """A message that came before."""

    id: str
    subject: str
    sequence: int
    digest: str


def canonical(value: Any) -> str:
    """JSON as RFC 8785 writes it. Raises ValueError for a number that it cannot write."""
    if type(value) is int and abs(value) >= 2**53:
        raise ValueError("an integer beyond 2^53")
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """As ECMAScript writes it: without an exponent between 1e-6 and 1e21."""
    if value == 0:
        return "0"
    if 1e-6 <= abs(value) < 1e21:
        text = f"{Decimal(repr(value)):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, power = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(power):+d}"


def digest_of(message: dict[str, Any]) -> str:
    """A message's digest, in hex."""
    payload = hashlib.sha256(canonical(message["payload"]).encode()).digest()
    return hashlib.sha256(UUID(message["id"]).bytes + payload).hexdigest()


def sum_of(digests: Iterable[str]) -> str:
    """The digest of many messages."""
    return f"{sum(int(one, 16) for one in digests) % 2**256:064x}"


def utc(moment: str) -> str:
    """A time of RFC 3339 in UTC. Raises ValueError."""
    read = datetime.fromisoformat(moment)
    if read.tzinfo is None:
        raise ValueError("no zone")
    return read.astimezone(UTC).isoformat()


class Store:
    """One file, or memory."""

    def __init__(self, path: str = ":memory:") -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(TABLES)

    def begin(self) -> None:
        """What follows is kept whole or not at all."""
        self._db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """It is on the disk."""
        self._db.execute("COMMIT")

    def rollback(self) -> None:
        """Nothing of it was."""
        self._db.execute("ROLLBACK")

    def is_fresh(self, key_id: str, nonce: str) -> bool:
        """Note a nonce; whether it is the first time."""
        try:
            self._db.execute("INSERT INTO nonces VALUES (?, ?)", (key_id, nonce))
        except sqlite3.IntegrityError:
            return False
        return True

    def by_id(self, sender: str, message_id: str) -> Known | None:
        """The message of this id."""
        return self._known("id = ?", sender, message_id)

    def by_place(self, sender: str, subject: str, sequence: int) -> Known | None:
        """The message that had this place."""
        return self._known("subject = ? AND sequence = ?", sender, subject, sequence)

    def _known(self, where: str, *values: Any) -> Known | None:
        row = self._db.execute(
            f"SELECT id, subject, sequence, digest FROM received WHERE sender = ? AND {where}",
            values,
        ).fetchone()
        return Known(*row) if row else None

    def last(self, sender: str, subject: str) -> tuple[int, bool]:
        """How far a subject has come, and whether something of it was set aside."""
        row = self._db.execute(
            "SELECT coalesce(max(sequence), 0), max(aside IS NOT NULL) FROM received"
            " WHERE sender = ? AND subject = ?",
            (sender, subject),
        ).fetchone()
        return row[0], bool(row[1])

    def keep(self, sender: str, message: dict[str, Any], aside: str | None) -> None:
        """A message was taken."""
        self._db.execute(
            "INSERT INTO received VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(sender, message["id"], message["subject"], message["sequence"]),
                *(message["kind"], utc(message["time"]), digest_of(message)),
                *(json.dumps(message["payload"], ensure_ascii=False), aside),
            ),
        )

    def queue(self, peer: str, message: dict[str, Any]) -> int:
        """Number a message and let it wait; its sequence."""
        [last] = self._db.execute(
            "SELECT coalesce(max(sequence), 0) FROM sent WHERE peer = ? AND subject = ?",
            (peer, message["subject"]),
        ).fetchone()
        message["sequence"] = last + 1
        self._db.execute(
            "INSERT INTO sent (peer, id, subject, sequence, kind, at, digest, message)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(peer, message["id"], message["subject"], last + 1, message["kind"]),
                *(utc(message["time"]), digest_of(message)),
                json.dumps(message, ensure_ascii=False, separators=(",", ":")),
            ),
        )
        return int(last) + 1

    def waiting(self, peer: str, limit: int) -> list[dict[str, Any]]:
        """The next messages for a peer, in order."""
        rows = self._db.execute(
            "SELECT message FROM sent s WHERE peer = ? AND taken = 0 AND NOT EXISTS ("
            "SELECT 1 FROM blocked b WHERE b.peer = s.peer AND b.subject = s.subject)"
            " ORDER BY subject, sequence LIMIT ?",
            (peer, limit),
        )
        return [json.loads(text) for (text,) in rows]

    def taken(self, peer: str, ids: Sequence[str]) -> None:
        """The peer has these."""
        self._db.executemany(
            "UPDATE sent SET taken = 1 WHERE peer = ? AND id = ?", [(peer, one) for one in ids]
        )

    def again(self, peer: str, subject: str, expected: int) -> bool:
        """Send a subject again from what is expected; false where that is not kept."""
        rows = self._db.execute(
            "UPDATE sent SET taken = 0 WHERE peer = ? AND subject = ? AND sequence >= ?"
            " RETURNING sequence",
            (peer, subject, expected),
        ).fetchall()
        return (expected,) in rows

    def again_by_id(self, peer: str, ids: Sequence[str]) -> None:
        """Send these again."""
        self._db.executemany(
            "UPDATE sent SET taken = 0 WHERE peer = ? AND id = ?", [(peer, one) for one in ids]
        )

    def block(self, peer: str, subject: str, problem: str) -> None:
        """A subject waits for a person."""
        self._db.execute(
            "INSERT OR REPLACE INTO blocked VALUES (?, ?, ?)", (peer, subject, problem)
        )

    def day(self, table: str, peer: str, day: str) -> list[tuple[str, int, str, str]]:
        """Kind, hour, id and digest of a day's messages; `table` is received or sent."""
        who = "sender" if table == "received" else "peer"
        rows = self._db.execute(
            f"SELECT kind, CAST(substr(at, 12, 2) AS INT), id, digest FROM {table}"
            f" WHERE {who} = ? AND substr(at, 1, 10) = ? ORDER BY id",
            (peer, day),
        )
        return list(rows)

    def all_received(self) -> list[dict[str, Any]]:
        """What came, in the order in which it was taken."""
        rows = self._db.execute(
            "SELECT sender, subject, sequence, kind, payload, aside FROM received ORDER BY rowid"
        )
        names = ("from", "subject", "sequence", "kind", "payload", "aside")
        return [
            dict(zip(names, row, strict=True)) | {"payload": json.loads(row[4])} for row in rows
        ]

    def counts(self) -> dict[str, int]:
        """How much there is."""
        statements = {
            "received": "SELECT count(*) FROM received",
            "set_aside": "SELECT count(*) FROM received WHERE aside IS NOT NULL",
            "waiting": "SELECT count(*) FROM sent WHERE taken = 0",
            "sent": "SELECT count(*) FROM sent WHERE taken = 1",
            "blocked": "SELECT count(*) FROM blocked",
        }
        return {name: self._db.execute(text).fetchone()[0] for name, text in statements.items()}
