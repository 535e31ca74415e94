"""Reading a CSV file: encodings, line numbers, and what is wrong with a line."""

import codecs
from pathlib import Path

import pytest

from deploy.imports.lines import LINE_BYTES_MAX, Refusal, Row, Unreadable, open_csv


def rows_of(path: Path, content: bytes) -> list[Row | Refusal]:
    path = path / "file.csv"
    path.write_bytes(content)
    with open_csv(path) as file:
        return list(file.rows())


def lines_of(rows: list[Row | Refusal]) -> list[tuple[int, str]]:
    return [(row.line, row.code if isinstance(row, Refusal) else row.cells[0]) for row in rows]


@pytest.mark.parametrize(
    "content",
    [
        "标题,内容\n停水,昨晚起停水\n".encode(),
        codecs.BOM_UTF8 + "标题,内容\r\n停水,昨晚起停水\r\n".encode(),
        "标题,内容\n停水,昨晚起停水".encode("gb18030"),
        "标题,内容\n停水,昨晚起停水\n".encode("gbk"),
    ],
)
def test_an_encoding_is_found_without_being_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with open_csv(path) as file:
        assert file.header == ["标题", "内容"]
        assert list(file.rows()) == [Row(2, ["停水", "昨晚起停水"])]
        assert file.bytes_read == file.size_bytes == len(content)


def test_one_line_in_another_encoding_is_refused_alone(tmp_path: Path) -> None:
    lines = [f"{place},内容".encode() for place in range(5)]
    lines[2] = "2,内容".encode("gb18030")
    rows = rows_of(tmp_path, b"a,b\n" + b"\n".join(lines))
    assert lines_of(rows) == [(2, "0"), (3, "1"), (4, "bad_encoding"), (5, "3"), (6, "4")]


def test_a_record_is_named_by_its_first_line_in_the_file(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, b'a,b\n1,"two\nlines"\n\n2,"three\n\nlines"\n3,x\n')
    assert lines_of(rows) == [(2, "1"), (5, "2"), (8, "3")]
    assert rows[1] == Row(5, ["2", "three\n\nlines"])


def test_too_few_or_too_many_cells_refuse_a_line(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, b"a,b\n1\n1,2\n1,2,3\n")
    assert lines_of(rows) == [(2, "cells"), (3, "1"), (4, "cells")]
    assert isinstance(rows[0], Refusal)
    assert rows[0].message == "有 1 格，表头有 2 列"


def test_a_stray_quote_swallows_no_other_line(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, b'a,b\n1,"stray\n2,x\n3,"good, quoted"\n4,y\n')
    assert lines_of(rows) == [(2, "bad_csv"), (3, "2"), (4, "3"), (5, "4")]


def test_a_stray_quote_at_the_end_swallows_no_other_line(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, b'a,b\n1,"stray\n2,x\n3,y\n')
    assert lines_of(rows) == [(2, "bad_csv"), (3, "2"), (4, "3")]


def test_a_line_that_is_too_long_is_refused_alone(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, b"a,b\n1," + b"x" * LINE_BYTES_MAX * 2 + b"\n2,y\n")
    assert lines_of(rows) == [(2, "bad_encoding"), (3, "2")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "文件是空的"),
        (b"\n\n", "文件是空的"),
        (codecs.BOM_UTF16_LE + "a,b".encode("utf-16-le"), "UTF-16"),
        (b'"a,b\n1,2\n', "引号没有成对"),
    ],
)
def test_a_file_without_readable_columns_is_refused(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(Unreadable, match=reason):
        rows_of(tmp_path, content)


def test_a_file_that_is_not_there_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"nothing\.csv"), open_csv(tmp_path / "nothing.csv"):
        raise AssertionError
