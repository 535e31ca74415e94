"""A mailbox on this machine, for tests of mail that is looked for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

GONE = b""
"""A mail that was there when the mailbox was searched."""


class ImapServer:
    """As much of RFC 3501 as a mailbox needs that is looked into."""

    def __init__(self, mails: dict[str, bytes]) -> None:
        self.mails = mails
        self.flags: dict[str, str] = {}
        self.goodbyes = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, in the loop of the test: who blocks the loop waits for ever."""
        writer.write(b"* OK ready\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, command, *rest = line.split(" ")
            if command == "CAPABILITY":
                writer.write(b"* CAPABILITY IMAP4rev1\r\n")
            elif command == "UID":
                self._answer(writer, *rest)
            writer.write(f"{tag} OK done\r\n".encode())
            if command == "LOGOUT":
                self.goodbyes += 1
                break
        writer.close()

    def _answer(self, writer: asyncio.StreamWriter, verb: str, number: str, *rest: str) -> None:
        if verb == "SEARCH":
            unseen = " ".join(number for number in self.mails if number not in self.flags)
            writer.write(f"* SEARCH {unseen}\r\n".encode())
        elif verb == "FETCH":
            raw = self.mails[number]
            if raw == GONE:
                return
            writer.write(f"* 1 FETCH (UID {number} BODY[] {{{len(raw)}}}\r\n".encode())
            writer.write(raw + b")\r\n")
        else:
            self.flags[number] = " ".join(rest[1:])


@asynccontextmanager
async def imap(mails: dict[str, bytes]) -> AsyncIterator[tuple[ImapServer, str]]:
    """A mailbox on this machine, and its address."""
    box = ImapServer(mails)
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield box, f"imap://box:secret@127.0.0.1:{port}/INBOX"
