"""Reading packs: TOML in, resolved `Pack`s out, all or nothing.

What a pack does not say it takes from its parent, and at last from the national default; what was
taken is marked `default`, with the pack that said it in `inherited_from`. Tables are merged key by
key down to the value that carries a `source`; a list replaces the parent's whole list.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from shared.policy.errors import FileProblem, PolicyFileError, file_problems
from shared.policy.hotlines import registry_problems
from shared.policy.model import Pack

NATIONAL = "000000"
DEFAULT = "default"

_HEADER = frozenset({"code", "name", "document", "parent", "version", "effective_from"})
# A merge registry is of one place: what Yunnan merged says nothing of a prefecture's numbers.
_NEVER_INHERITED = _HEADER | {"annex", "hotlines"}
# A division of GB/T 2260, a township (9 digits) or a village (12).
_DIVISION = re.compile(r"[0-9]{6}(?:[0-9]{3}){0,2}")

Raw = dict[str, Any]


@cache
def builtin_packs() -> Mapping[str, Pack]:
    """The packs that come with the platform, by code."""
    return resolve_packs(_builtin_texts())


def load_packs(*paths: Path) -> Mapping[str, Pack]:
    """The built-in packs and an operator's files; a file replaces the pack of the same code.

    Raises `PolicyFileError` with every problem found, what the law of the merge registry forbids
    included; then nothing is loaded.
    """
    texts = {}
    for path in paths:
        try:
            texts[path.name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise PolicyFileError([FileProblem(path.name, "", "应为 UTF-8 编码")]) from error
    return resolve_packs(_builtin_texts(), texts, before=builtin_packs() if texts else None)


def resolve_packs(
    *layers: Mapping[str, str], before: Mapping[str, Pack] | None = None
) -> Mapping[str, Pack]:
    """The packs in layers of TOML texts by file name; a later layer replaces codes of an earlier.

    With the packs in force `before`, the last layer may change no merge registry against its law.
    Raises `PolicyFileError` with every problem found: syntax, fields, a code twice in one layer,
    an unknown parent, parents in a circle.
    """
    problems: list[FileProblem] = []
    files: dict[str, tuple[str, Raw]] = {}
    new: Mapping[str, tuple[str, Raw]] = {}
    for layer in layers:
        new = _read_layer(layer, problems)
        files |= new
    merged: dict[str, Raw] = {}
    packs: dict[str, Pack] = {}
    for code in _parents_first(files, problems):
        file, raw = files[code]
        parent = raw["parent"]
        if parent is not None and parent not in packs:
            continue
        merged[code] = raw if parent is None else _inherit(raw, merged[parent], parent)
        try:
            packs[code] = Pack.model_validate(merged[code])
        except ValidationError as error:
            problems += file_problems(file, error)
            continue
        if before is not None and code in new:
            problems += registry_problems(before.get(code), packs[code], file=file)
    if problems:
        raise PolicyFileError(problems)
    return MappingProxyType(packs)


def resolve_pack(file: str, text: str, known: Mapping[str, Pack]) -> Pack:
    """One file's pack over the packs that are known, each whole as it was published.

    Raises `PolicyFileError` as `resolve_packs` does, and for what the law of the merge registry
    forbids to change in the pack that is known.
    """
    problems: list[FileProblem] = []
    found = _read_layer({file: text}, problems)
    files = {code: (code, _parent_of(pack)) for code, pack in known.items()} | found
    _parents_first(files, problems)
    if problems:
        raise PolicyFileError(problems)
    ((_, raw),) = found.values()
    parent = raw["parent"]
    if parent is not None:
        # What the parent does not have must not look like something that it says.
        said = known[parent].model_dump(mode="json", by_alias=True, exclude_none=True)
        raw = _inherit(raw, said, parent)
    try:
        pack = Pack.model_validate(raw)
    except ValidationError as error:
        raise PolicyFileError(file_problems(file, error)) from error
    if refused := registry_problems(known.get(pack.code), pack, file=file):
        raise PolicyFileError(refused)
    return pack


def pack_for(code: str, packs: Mapping[str, Pack] | None = None) -> Pack:
    """The pack of a jurisdiction, or of its nearest ancestor by GB/T 2260, at last the national.

    Takes divisions of 6 digits, townships of 9 and villages of 12; raises ValueError for others.
    """
    known = builtin_packs() if packs is None else packs
    return known[nearest_code(code, known)]


def nearest_code(code: str, known: Mapping[str, object]) -> str:
    """The code itself where it is known, else its nearest ancestor's, at last the national.

    Raises ValueError for what is no division's code.
    """
    if not _DIVISION.fullmatch(code):
        raise ValueError(f"行政区划代码应为 6、9 或 12 位数字（现为 {code!r}）")
    county = code[:6]
    return county if county in known else _nearest_above(county, known)


def in_force(versions: Iterable[Pack], day: date) -> Pack:
    """The version of a pack that a ticket keeps: the latest in effect on the day it was accepted.

    A ticket older than every version has the earliest. Of two versions of one day, the one given
    later holds.
    """
    ordered = sorted(versions, key=lambda pack: pack.effective_from.value)
    begun = [pack for pack in ordered if pack.effective_from.value <= day]
    return begun[-1] if begun else ordered[0]


def dump_pack(pack: Pack) -> Raw:
    """A resolved pack as JSON values, for events and tables; `restore_pack` reads it back."""
    return pack.model_dump(mode="json", by_alias=True)


def restore_pack(data: Mapping[str, Any]) -> Pack:
    """A resolved pack from `dump_pack`'s values, with the same `content_hash`.

    One that was kept before a part of the model existed has that part of the national default.
    """
    kept = dict(data)
    if "amount" in kept.get("follow_up", {}):
        kept["follow_up"] = {"lapse": kept["follow_up"]}
    return Pack.model_validate(_inherit(kept, _national(), NATIONAL))


@cache
def _national() -> Raw:
    return dump_pack(builtin_packs()[NATIONAL])


def _builtin_texts() -> dict[str, str]:
    folder = Path(__file__).parent
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.toml"))}


def _parent_of(pack: Pack) -> Raw:
    return {} if pack.parent is None else {"parent": pack.parent}


def _read_layer(
    texts: Mapping[str, str], problems: list[FileProblem]
) -> dict[str, tuple[str, Raw]]:
    files: dict[str, tuple[str, Raw]] = {}
    for file, text in texts.items():
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            problems.append(FileProblem(file, "", f"不是正确的 TOML：{error}"))
            continue
        code = raw.get("code")
        if not isinstance(code, str) or not re.fullmatch("[0-9]{6}", code):
            problems.append(FileProblem(file, "code", "应为六位行政区划代码，例如 512000"))
        elif code in files:
            problems.append(FileProblem(file, "code", f"{code} 已在 {files[code][0]} 中"))
        else:
            problems += _forged_inheritance(file, raw)
            files[code] = (file, raw)
    return files


def _forged_inheritance(file: str, value: object, path: str = "") -> list[FileProblem]:
    """`inherited_from` is ours to write: in a file it would claim what no parent says."""
    if isinstance(value, list):
        return [
            problem
            for place, item in enumerate(value)
            for problem in _forged_inheritance(file, item, f"{path}[{place}]")
        ]
    if not isinstance(value, dict):
        return []
    found = []
    for key, item in value.items():
        field = f"{path}.{key}" if path else key
        if key == "inherited_from":
            found.append(FileProblem(file, field, "由载入程序填写，文件中不得出现"))
        found += _forged_inheritance(file, item, field)
    return found


def _parents_first(files: dict[str, tuple[str, Raw]], problems: list[FileProblem]) -> Sequence[str]:
    """Codes in an order in which each parent comes before its children; fills in `parent`."""
    for code, (file, raw) in files.items():
        if code == NATIONAL and "parent" not in raw:
            raw["parent"] = None
        elif raw.setdefault("parent", _nearest_above(code, files)) not in files:
            allowed = "、".join(sorted(files))
            problems.append(FileProblem(file, "parent", f"没有这个上级；允许的值：{allowed}"))
    ordered: dict[str, None] = {}
    for code, (file, _) in files.items():
        chain = [code]
        while (parent := files[chain[-1]][1]["parent"]) in files:
            if parent in chain:
                circle = " → ".join([*chain, parent])
                problems.append(FileProblem(file, "parent", f"上级成环：{circle}"))
                break
            chain.append(parent)
        ordered |= dict.fromkeys(reversed(chain))
    return list(ordered)


def _nearest_above(code: str, known: Mapping[str, object]) -> str:
    above = (code[:4] + "00", code[:2] + "0000")
    return next((one for one in above if one != code and one in known), NATIONAL)


def _inherit(child: Raw, parent: Raw, parent_code: str) -> Raw:
    merged = dict(child)
    for key, value in parent.items():
        if key in _NEVER_INHERITED:
            continue
        if key not in child:
            merged[key] = _marked(value, parent_code)
        elif _is_table(value) and _is_table(child[key]):
            merged[key] = _inherit(child[key], value, parent_code)
    return merged


def _is_table(value: object) -> bool:
    """A table is merged by key; a value with a source is replaced whole."""
    return isinstance(value, dict) and "source" not in value


def _marked(value: object, parent_code: str) -> object:
    if isinstance(value, list):
        return [_marked(item, parent_code) for item in value]
    if not isinstance(value, dict):
        return value
    marked = {key: _marked(item, parent_code) for key, item in value.items()}
    if "source" in marked:
        said_by = marked.get("inherited_from") or parent_code
        marked |= {"inherited_from": said_by, "source": DEFAULT}
    return marked
