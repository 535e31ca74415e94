"""Packs inherit as written: what a child does not say is its parent's, marked `default`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.policy.load import builtin_packs, dump_pack, resolve_pack, resolve_packs, restore_pack

FOLDER = Path(__file__).parents[2] / "shared" / "policy"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.toml")}
PACKS = builtin_packs()
CODES = tuple(PACKS)
OWN = ("code", "name", "document", "parent", "version", "effective_from", "annex", "hotlines")
HEADER = (
    'code = "{code}"\nname = "某地"\ndocument = "试行"\nversion = "1"\nparent = "{parent}"\n'
    'effective_from = {{ value = 2024-05-01, source = "KM 9" }}\n'
)

Place = tuple[str, ...]


def is_table(value: object) -> bool:
    return isinstance(value, dict) and "source" not in value


def places(table: Mapping[str, Any], path: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Each value that is inherited or said as a whole: a value with a source, or a list."""
    for key, value in table.items():
        if path or key not in OWN:
            if is_table(value):
                yield from places(value, (*path, key))
            elif value is not None:
                yield (*path, key), value


def sourced(value: Any, source: str, said_by: str | None) -> Any:
    """The value as another pack has it, or says it."""
    if isinstance(value, list):
        return [sourced(item, source, said_by) for item in value]
    if not isinstance(value, dict):
        return value
    copied = {key: sourced(item, source, said_by) for key, item in value.items()}
    if "source" in copied:
        kept = copied.pop("inherited_from", None) if said_by else None
        copied |= {"source": source, "inherited_from": kept or said_by}
    return copied


def toml(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{key} = {toml(item)}" for key, item in value.items() if item is not None)
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def text_of(code: str, parent: str, said: Mapping[Place, Any]) -> str:
    header = HEADER.format(code=code, parent=parent)
    return header + "".join(f"{'.'.join(place)} = {toml(value)}\n" for place, value in said.items())


@st.composite
def children(draw: st.DrawFn) -> tuple[str, dict[Place, Any]]:
    """A parent, and what the child says itself: some values of its parent's or of another pack."""
    parent, other = draw(st.sampled_from(CODES)), draw(st.sampled_from(CODES))
    known = dict(places(dump_pack(PACKS[parent])))
    # These belong together, so that no child may mix them.
    whole = ("supervision", "interim")
    known |= {
        place: value for place, value in places(dump_pack(PACKS[other])) if place[0] not in whole
    }
    chosen = draw(st.sets(st.sampled_from(sorted(known))))
    return parent, {place: sourced(known[place], "KM 1", None) for place in chosen}


@settings(max_examples=50)
@given(children())
def test_what_a_child_does_not_say_is_its_parents(child: tuple[str, dict[Place, Any]]) -> None:
    parent, said = child
    pack = resolve_pack("mine.toml", text_of("110000", parent, said), PACKS)
    found = dict(places(dump_pack(pack)))
    theirs = dict(places(dump_pack(PACKS[parent])))
    assert set(found) == set(theirs) | set(said)
    for place, value in found.items():
        if place in said:
            assert value == said[place]
        else:
            assert value == sourced(theirs[place], "default", parent)
    assert (pack.hotlines, pack.annex) == ((), None)
    assert restore_pack(dump_pack(pack)) == pack


@settings(max_examples=20)
@given(st.sampled_from(CODES), st.sampled_from(CODES))
def test_a_grandchild_names_the_pack_that_said_it(parent: str, other: str) -> None:
    value = sourced(dump_pack(PACKS[other])["sign"], "KM 1", None)
    texts = {
        **TEXTS,
        "child.toml": text_of("110000", parent, {("sign",): value}),
        "grandchild.toml": text_of("110100", "110000", {}),
    }
    packs = resolve_packs(texts)
    grandchild = packs["110100"]
    assert (grandchild.sign.source, grandchild.sign.inherited_from) == ("default", "110000")
    before = packs["110000"].warning.inherited_from
    assert (
        grandchild.warning.inherited_from
        == before
        == (PACKS[parent].warning.inherited_from or parent)
    )


def test_every_number_of_every_pack_has_a_source() -> None:
    def check(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                check(item)
        elif isinstance(value, dict):
            numbers = [one for one in value.values() if type(one) in (int, float)]
            assert "source" in value or not numbers, value
            for key, item in value.items():
                if key != "when":
                    check(item)

    for pack in PACKS.values():
        for key, value in dump_pack(pack).items():
            if key not in ("code", "name", "document", "parent", "version"):
                check(value)


def test_a_pack_kept_before_a_part_existed_can_still_be_read() -> None:
    for pack in PACKS.values():
        kept = dump_pack(pack)
        lapse = kept["follow_up"]["lapse"]
        for part in ("hierarchy", "accepts", "reply", "supervision", "assessment", "registry"):
            del kept[part]
        del kept["extension"]["decided_by"], kept["return"]["required"]
        again = restore_pack({**kept, "follow_up": lapse})
        assert again.follow_up.lapse == pack.follow_up.lapse
        assert again.extension.decided_by.source == "default"
        assert again.sign == pack.sign
        assert again.scope == pack.scope
