"""Has a model learned in a process of its own, so that this one stays small and answers."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from services.dispatch.suggestions.material import Material, write_lines

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "services.dispatch.suggestions.training")
Progress = Callable[[int, int], None]


class TeachingFailed(RuntimeError):
    """The process that learns ended without a model; the message is its last line."""


async def teach(material: Material, *, progress: Progress | None = None) -> bytes:
    """The model that was learned from the material, as bytes. Raises `TeachingFailed`.

    `progress` is told how many rounds are over, and of how many. A cancelled call leaves no
    process behind.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *COMMAND, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_hand_over(material, process.stdin))
            heard = group.create_task(_listen(process.stderr, progress))
            learned = group.create_task(process.stdout.read())
        if await process.wait() != 0:
            raise TeachingFailed(heard.result())
        return learned.result()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _hand_over(material: Material, pipe: asyncio.StreamWriter) -> None:
    # Who ended early says why on the other pipe.
    with suppress(ConnectionError):
        for line in write_lines(material):
            pipe.write(line)
            await pipe.drain()
        pipe.close()
        await pipe.wait_closed()


async def _listen(pipe: asyncio.StreamReader, progress: Progress | None) -> str:
    last = ""
    async for line in pipe:
        last = line.decode(errors="replace").strip() or last
        over, _, rounds = last.partition(" ")
        if progress is not None and over.isdigit() and rounds.isdigit():
            progress(int(over), int(rounds))
    return last
