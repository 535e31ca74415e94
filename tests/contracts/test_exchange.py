"""The exchange's specification: its schemas, its examples, and that it says all there is."""

import ast
import base64
import copy
import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource

from deploy.contracts.__main__ import DOCS, EXCHANGE
from deploy.contracts.exchange_example import (
    CREATED,
    KEY_ID,
    METHOD,
    NONCE,
    PRIVATE,
    URL,
    example_body,
    example_headers,
)
from deploy.contracts.exchange_page import PART
from deploy.contracts.exchange_protocol import ACTS, FOLLOWED, PROTOCOL
from deploy.contracts.exchange_schemas import exchange_schemas, exchanged
from deploy.contracts.exchange_words import TYPES, field_name
from deploy.contracts.growth import breaks
from services.gateway.exchange.rules import poison_in
from services.gateway.federation.rules import BACK, ENDS, ONWARD
from shared.crossing import FORWARD, Forward
from shared.crypto.provider import CannotOpen, Suite
from shared.crypto.suites import PROVIDERS
from shared.events.callers import TicketAttached
from shared.exchange import MESSAGE_EXAMPLE, LineAnswer, Message, canonical, digest_of, sum_of
from tests.foreign import store, wire
from tests.foreign.crossing import bound_of

SCHEMAS = exchange_schemas()
TOLD = sorted({*exchanged(), FORWARD})
PAGE = (DOCS / EXCHANGE).read_text("utf-8")
TICKET = "019f3a52-7c1e-7b40-9d11-5f0c2e6a8b01"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@cache
def validator(name: str) -> Draft202012Validator:
    whole = [(one["$id"], Resource.from_contents(one)) for one in SCHEMAS.values()]
    return Draft202012Validator(SCHEMAS[name], registry=Registry().with_resources(whole))


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_example_is_what_its_schema_allows(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["examples"]
    for example in SCHEMAS[name]["examples"]:
        validator(name).validate(example)


@pytest.mark.parametrize("name", TOLD)
def test_every_example_is_a_message_that_can_be_used(name: str) -> None:
    [example] = SCHEMAS[name]["examples"]
    message = Message.model_validate(example)
    assert message.payload.type == name
    assert poison_in(message.kind, message.payload) is None
    assert "caller_id" not in json.dumps(example)


@pytest.mark.parametrize("name", TOLD)
def test_a_message_without_what_it_must_have_is_not_allowed(name: str) -> None:
    [example] = SCHEMAS[name]["examples"]
    for field in ("id", "from", "to", "subject", "sequence", "time", "kind", "payload"):
        broken = {one: value for one, value in example.items() if one != field}
        with pytest.raises(ValidationError):
            validator(name).validate(broken)
    with pytest.raises(ValidationError):
        validator(name).validate(example | {"kind": "gossip"})
    validator(name).validate(example | {"later": 1})


@pytest.mark.parametrize("name", TOLD)
def test_every_type_and_every_field_has_a_meaning_in_chinese(name: str) -> None:
    assert name in TYPES
    schema = SCHEMAS[name]
    data = schema["properties"]["payload"]["properties"]["data"]
    inner = [
        field for one in schema.get("$defs", {}).values() for field in one.get("properties", {})
    ]
    fields = [*data["properties"], *inner]
    assert [field for field in fields if field_name(name, field) is None] == []


def test_no_meaning_is_left_over() -> None:
    assert set(TYPES) == set(TOLD)


def test_what_crosses_is_told_with_what_becomes_of_it() -> None:
    assert {one.type for one in BACK} | {TicketAttached.type} == set(ACTS)
    assert {one.type for one in ONWARD if one not in ENDS} == set(FOLLOWED)


def test_every_generated_part_stands_in_the_page() -> None:
    found = [match[1] for match in PART.finditer(PAGE)]
    assert sorted(found) == sorted({*PROTOCOL, "kinds", "types", "forward", "codes"})
    assert not re.search(r"TODO|待定|待补", PAGE)


def test_the_signed_request_of_the_page_is_made_again_by_who_read_it() -> None:
    key = wire.Key(KEY_ID, Ed25519PrivateKey.from_private_bytes(PRIVATE))
    at = int(CREATED.timestamp())
    made = wire.sign(METHOD, URL, example_body(), key, created=at, nonce=NONCE)
    assert made == example_headers()
    assert all(f"{name}: {value}" in PAGE for name, value in made.items())
    assert example_body().decode() in PAGE


def part(name: str) -> str:
    """What stands in the page between the marks of a part."""
    [found] = [match[0] for match in PART.finditer(PAGE) if match[1] == name]
    return found


def test_the_sealed_identities_of_the_page_are_opened_by_who_read_it() -> None:
    """Of both suites, from the very bytes that are printed, and by nobody for another ticket."""
    plain, *examples = re.split(r"^\*\*`", part("sealed"), flags=re.MULTILINE)
    assert [one.partition("`")[0] for one in examples] == list(Suite)
    content = re.findall(r"```json\n(.*?)\n```", plain)[0].encode()
    for suite, text in zip(Suite, examples, strict=True):
        steps = dict(re.findall(r"^\| (\S+).*? \| `([0-9a-f]+)` \|$", text, flags=re.MULTILINE))
        told = json.loads(re.findall(r"```json\n(.*?)\n```", text, flags=re.DOTALL)[0])
        bound = bound_of("512000", "510000", TICKET, told["key_id"], told["purpose"])
        assert steps["info（145"] == bound.encode().hex()
        private, sealed = bytes.fromhex(steps["接收方私钥"]), base64.b64decode(told["sealed"])
        assert steps["密文和标签"] == sealed[-len(content) - 16 :].hex()
        provider = PROVIDERS[suite]
        assert provider.open_from(private, sealed, bound.encode()) == content
        with pytest.raises(CannotOpen):
            provider.open_from(private, sealed, bound.replace("510000", "511000").encode())
        if suite is Suite.INTERNATIONAL:
            theirs = X25519PrivateKey.from_private_bytes(private)
            assert wire.unseal(theirs, told["sealed"], bound)["phone"] == "13800000000"


def test_what_the_platform_of_the_page_says_of_itself_is_signed() -> None:
    [shown, written] = re.findall(r"```json\n(.*?)\n```", part("profile"), flags=re.DOTALL)
    told = json.loads(shown)
    key = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key()
    key.verify(base64.b64decode(told["signature"]["value"]), written.encode())
    del told["signature"]
    assert store.canonical(told) == written


@given(payload=st.dictionaries(st.text(), JSON, max_size=4), name=st.uuids())
def test_two_who_read_the_page_digest_alike(payload: dict[str, Any], name: UUID) -> None:
    assert canonical(payload) == rfc8785.dumps(payload) == store.canonical(payload).encode()
    ours = digest_of(name, canonical(payload))
    assert store.digest_of({"id": str(name), "payload": payload}) == ours.hex()
    assert store.sum_of([ours.hex()] * 3) == sum_of([ours] * 3)


def test_what_a_message_promises_may_not_go() -> None:
    new = copy.deepcopy(SCHEMAS["ticket.replied"])
    del new["properties"]["payload"]["properties"]["data"]["properties"]["result"]
    new["examples"] = []
    [told, *_] = breaks(SCHEMAS["ticket.replied"], new)
    assert "data.result: was removed" in told
    assert breaks(SCHEMAS["message"], SCHEMAS["message"] | {"examples": []}) == []


def test_schemas_say_the_same_as_what_reads_them() -> None:
    for one in SCHEMAS["answer"]["examples"]:
        LineAnswer.model_validate(one)
    message = MESSAGE_EXAMPLE
    digest = digest_of(UUID(message["id"]), canonical(message["payload"])).hex()
    assert all(digest in json.dumps(one) for one in SCHEMAS["reconciliation"]["examples"])
    [example] = SCHEMAS[FORWARD]["examples"]
    assert Forward.model_validate(example["payload"]["data"]).sealed_caller is not None
    assert httpx.URL(URL).path in PAGE


def test_the_foreign_platform_imports_nothing_of_ours() -> None:
    found = {
        name.partition(".")[0]
        for file in Path(wire.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else
                     [one.name for one in node.names])
    }  # fmt: skip
    others = found - sys.stdlib_module_names
    assert others == {"cryptography", "httpx", "starlette", "uvicorn", "tests"}
