"""Every event: an example that its schema allows and its consumers read, and nothing personal."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from deploy.contracts.asyncapi import asyncapi
from deploy.contracts.schemas import event_schemas, meaning
from shared.events.catalogue import PAYLOADS, TOPICS
from shared.events.envelope import Payload, encode, parse, read
from shared.events.words import Service

EXAMPLES = Path(__file__).parent / "examples"
SCHEMAS = event_schemas()
PERSONAL = re.compile(
    r"name|phone|mobile|tel|address|mail|caller|identity|id_card|person|birth|sex|gender|wechat"
)
# A unit's name, a place where the matter is, an opaque id: none of them is who the caller is.
HARMLESS = {"unit_name", "place.address", "caller_id"}
UNITS_OWN = {("unit.changed", "name")}


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_an_example_is_what_its_schema_allows(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    _validator(name).validate(_example(name))


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_an_example_reads_and_is_written_again_as_it_was(name: str) -> None:
    message = _text(name).encode()
    event = read(parse(message), PAYLOADS[name])
    assert event.data.type == name
    assert json.loads(encode(event)) == json.loads(message)


def test_there_is_an_example_of_each_event_and_no_other() -> None:
    assert {file.stem for file in EXAMPLES.glob("*.json")} == set(PAYLOADS)


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_an_example_is_told_in_whole_and_comes_from_its_producer(name: str) -> None:
    example = _example(name)
    assert example["source"].endswith(f"/{PAYLOADS[name].said_by}")
    assert example["id"] == f"{example['subject']}.{example['sequence']}"


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_a_consumer_ignores_what_it_does_not_know(name: str) -> None:
    example = _example(name)
    grown = {**example, "later": 1, "data": {**example["data"], "later": {"on": [1]}}}
    _validator(name).validate(grown)
    plain = read(parse(json.dumps(example).encode()), PAYLOADS[name])
    assert read(parse(json.dumps(grown).encode()), PAYLOADS[name]) == plain


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_a_needed_field_that_is_missing_is_refused_by_schema_and_reader_alike(name: str) -> None:
    example = _example(name)
    for field in SCHEMAS[name]["properties"]["data"].get("required", []):
        poorer = {**example, "data": {k: v for k, v in example["data"].items() if k != field}}
        with pytest.raises(ValidationError):
            _validator(name).validate(poorer)
        with pytest.raises(Exception, match=re.escape(f"data.{field}")):
            read(parse(json.dumps(poorer).encode()), PAYLOADS[name])


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=list(PAYLOADS))
def test_an_event_names_its_topic_its_producer_and_its_consumers(payload: type[Payload]) -> None:
    assert payload.topic in TOPICS
    assert payload.said_by in Service
    assert payload.heard_by
    assert set(payload.heard_by) <= set(Service)
    assert payload.said_by not in payload.heard_by, "a service does not hear itself"
    assert meaning(payload).endswith((".", "?"))
    assert payload.model_config["frozen"] is True
    assert payload.model_config["extra"] == "ignore"


def test_the_topics_carry_something_or_belong_to_the_list() -> None:
    assert {payload.topic for payload in PAYLOADS.values()} == set(TOPICS)


def test_names_are_a_noun_and_what_happened_to_it() -> None:
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", name) for name in PAYLOADS)


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_no_event_can_say_who_the_caller_is(name: str) -> None:
    schema = PAYLOADS[name].model_json_schema()
    suspicious = {
        field
        for field in _fields(schema, schema, "")
        if PERSONAL.search(field.rsplit(".", 1)[-1]) and field not in HARMLESS
    }
    assert {(name, field) for field in suspicious} <= UNITS_OWN


def test_a_callers_id_is_opaque() -> None:
    field = PAYLOADS["ticket.created"].model_json_schema()["properties"]["caller_id"]
    assert {one.get("format", one["type"]) for one in field["anyOf"]} == {"uuid", "null"}


def test_the_asyncapi_document_refers_to_nothing_that_is_not_there() -> None:
    document = asyncapi()
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        part: Any = document
        for step in reference.split("/"):
            part = part[step]


def test_the_asyncapi_document_knows_who_says_and_who_hears() -> None:
    document = asyncapi()
    spoken = {(name, "send", payload.said_by) for name, payload in PAYLOADS.items()}
    heard = {
        (name, "receive", service)
        for name, payload in PAYLOADS.items()
        for service in payload.heard_by
    }
    told = {
        (message["$ref"].rsplit("/", 1)[1], operation["action"], operation["tags"][0]["name"])
        for operation in document["operations"].values()
        for message in operation["messages"]
    }
    assert told == spoken | heard


def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(SCHEMAS[name])


def _text(name: str) -> str:
    return (EXAMPLES / f"{name}.json").read_text("utf-8")


def _example(name: str) -> dict[str, Any]:
    example: dict[str, Any] = json.loads(_text(name))
    return example


def _fields(schema: dict[str, Any], root: dict[str, Any], prefix: str) -> set[str]:
    found = set()
    for name, field in schema.get("properties", {}).items():
        found.add(f"{prefix}{name}")
        for reference in re.findall(r"'#/\$defs/(\w+)'", repr(field)):
            found |= _fields(root["$defs"][reference], root, f"{prefix}{name}.")
    return found
