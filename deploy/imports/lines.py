"""A CSV file, read line by line: what each record says, and at which line of the file it begins."""

import codecs
import csv
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

LINE_BYTES_MAX = 1_048_576
ENCODINGS = ("utf-8", "gb18030")
VOTES_MAX = 200
REPLACED = "\ufffd"


class Unreadable(Exception):
    """The file cannot be imported at all; the message says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line of the file does not become a ticket; no field where the whole line is wrong."""

    line: int
    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One record, with the line of the file that it begins at."""

    line: int
    cells: list[str]


class _Line(NamedTuple):
    text: str
    is_broken: bool


class CsvFile:
    """An open CSV file, never held whole; `bytes_read` tells how far the reading is."""

    def __init__(self, file: BinaryIO) -> None:
        self.size_bytes = os.fstat(file.fileno()).st_size
        self._lines = _Lines(file, _encoding(file))
        self._reader = csv.reader(self._lines, strict=True)
        self.header = self._read_header()

    @property
    def bytes_read(self) -> int:
        """How much of the file was read, in bytes."""
        return self._lines.bytes_read

    def rows(self) -> Iterator[Row | Refusal]:
        """The records after the header; blank lines are passed over.

        Where quotes do not pair, the first line alone is refused and the lines after it are read
        anew: a stray quote never swallows its neighbours.
        """
        while True:
            line = self._lines.begin_record()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error:
                self._lines.retreat()
                yield Refusal(line, "", "bad_csv", "引号没有成对，或引号之后还有文字")
                continue
            if not cells:
                continue
            if self._lines.is_broken():
                yield Refusal(line, "", "bad_encoding", "有无法识别的文字编码，或一行过长")
            elif len(cells) != len(self.header):
                message = f"有 {len(cells)} 格，表头有 {len(self.header)} 列"
                yield Refusal(line, "", "cells", message)
            else:
                yield Row(line, cells)

    def _read_header(self) -> list[str]:
        cells: list[str] = []
        while not cells:
            self._lines.begin_record()
            try:
                cells = next(self._reader)
            except StopIteration:
                raise Unreadable("文件是空的，第一行应为列名。") from None
            except csv.Error as error:
                raise Unreadable("列名一行的引号没有成对。") from error
        if self._lines.is_broken():
            raise Unreadable("列名无法识别，请把文件另存为 UTF-8 编码的 CSV。")
        return [cell.removeprefix(codecs.BOM_UTF8.decode()).strip() for cell in cells]


@contextmanager
def open_csv(path: Path) -> Iterator[CsvFile]:
    """Open a file and read its header. Raises `Unreadable`."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise Unreadable(f"无法读取 {path}：{os.strerror(error.errno or 0)}。") from error
    with file:
        yield CsvFile(file)


class _Lines:
    """The physical lines, which the CSV reader pulls; those of one record can be given back."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self._again: deque[_Line] = deque()
        self._record: list[_Line] = []
        self._before = 0
        self.bytes_read = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        self._record.append(line)
        return line.text

    def begin_record(self) -> int:
        """The line that the next record begins at; the first is 1."""
        self._before += len(self._record)
        self._record.clear()
        return self._before + 1

    def retreat(self) -> None:
        """Give all lines of this record back but the first."""
        self._again.extendleft(reversed(self._record[1:]))
        del self._record[1:]

    def is_broken(self) -> bool:
        """Whether a line of this record could not be decoded, or was too long."""
        return any(line.is_broken for line in self._record)

    def _read(self) -> _Line:
        raw = self._file.readline(LINE_BYTES_MAX)
        if not raw:
            raise StopIteration
        self.bytes_read += len(raw)
        is_whole = raw.endswith(b"\n") or len(raw) < LINE_BYTES_MAX
        if not is_whole:
            self._skip_line()
            return _Line(f"{REPLACED}\n", is_broken=True)
        try:
            return _Line(raw.decode(self._encoding), is_broken=False)
        except UnicodeDecodeError:
            return _Line(raw.decode(self._encoding, errors="replace"), is_broken=True)

    def _skip_line(self) -> None:
        while True:
            rest = self._file.readline(LINE_BYTES_MAX)
            self.bytes_read += len(rest)
            if not rest or rest.endswith(b"\n"):
                return


def _encoding(file: BinaryIO) -> str:
    """The encoding that most of the first lines beyond ASCII are in; one bad line decides nothing.

    Raises `Unreadable` for UTF-16.
    """
    if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise Unreadable("文件是 UTF-16 编码，请另存为 UTF-8 编码的 CSV。")
    file.seek(0)
    votes = dict.fromkeys(ENCODINGS, 0)
    while sum(votes.values()) < VOTES_MAX and (line := file.readline(LINE_BYTES_MAX)):
        if line.isascii():
            continue
        for encoding in ENCODINGS:
            if _is_in(line, encoding):
                votes[encoding] += 1
                break
    file.seek(0)
    return max(ENCODINGS, key=lambda encoding: votes[encoding])


def _is_in(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
