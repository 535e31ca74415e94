"""Contracts only grow: what a change to an event's schema would break for those who hear it."""

from typing import Any

Schema = dict[str, Any]
NO_MEANING = {"description", "title", "$id", "$schema", "x-heard-by", "$defs", "examples"}


def breaks(old: Schema, new: Schema) -> list[str]:
    """What was promised and holds no more, each with its place; empty where `new` only grew."""
    return _compare(_resolved(old, old), _resolved(new, new), old.get("title", ""))


def _compare(old: Schema, new: Schema, place: str) -> list[str]:
    found = []
    for name, schema in old.get("properties", {}).items():
        where = f"{place}.{name}"
        if name not in new.get("properties", {}):
            found.append(f"{where}: was removed or renamed")
            continue
        found += _compare(schema, new["properties"][name], where)
    needed_before, needed_now = set(old.get("required", [])), set(new.get("required", []))
    found += [f"{place}.{name}: is needed now" for name in sorted(needed_now - needed_before)]
    found += [
        f"{place}.{name}: may be missing now"
        for name in sorted(needed_before - needed_now)
        if name in new.get("properties", {})
    ]
    if lost := set(old.get("enum", [])) - set(new.get("enum", [])):
        found.append(f"{place}: no longer {', '.join(sorted(lost))}")
    found += _compare_alternatives(old.get("anyOf", []), new.get("anyOf", []), place)
    for word in (set(old) | set(new)) - NO_MEANING - {"properties", "required", "enum", "anyOf"}:
        before, now = old.get(word), new.get(word)
        if word == "items" and isinstance(before, dict) and isinstance(now, dict):
            found += _compare(before, now, f"{place}[]")
        elif before != now:
            found.append(f"{place}: {word} was {before}, is {now}")
    return found


def _compare_alternatives(old: list[Schema], new: list[Schema], place: str) -> list[str]:
    if len(old) != len(new):
        return [f"{place}: can be other things than before"]
    return [
        change
        for before, now in zip(old, new, strict=True)
        for change in _compare(before, now, place)
    ]


def _resolved(part: Any, root: Schema) -> Any:  # noqa: ANN401  any part of a JSON document
    """The schema with its references replaced by what they name."""
    if isinstance(part, list):
        return [_resolved(one, root) for one in part]
    if not isinstance(part, dict):
        return part
    if part.get("$ref", "").startswith("#/"):
        named = root["$defs"][part["$ref"].rsplit("/", 1)[1]]
        beside = {word: value for word, value in part.items() if word != "$ref"}
        return _resolved({**named, **beside}, root)
    return {word: _resolved(value, root) for word, value in part.items() if word != "$defs"}
