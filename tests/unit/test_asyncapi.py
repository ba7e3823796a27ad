"""docs/contract/asyncapi.yaml: what AsyncAPI's own schema asks, and what is true of our topics."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from jejak import provisioning
from jejak.kafka_admin import Topic
from jejak_schemas import avro, topics
from jejak_schemas.catalogue import CATALOGUE
from jejak_schemas.documents import asyncapi, channels
from jejak_schemas.events import SystemEvent

SPECIFICATION = Path(__file__).parents[1] / "data/asyncapi/3.0.0.json"


@cache
def read() -> Any:
    """The document, as others read it."""
    return yaml.load(asyncapi.asyncapi_text(), yaml.CSafeLoader)


def judge(document: Any) -> None:
    schema = json.loads(SPECIFICATION.read_text("utf-8"))
    jsonschema.Draft7Validator(schema).validate(document)


def test_the_yaml_holds_the_document_and_nothing_else() -> None:
    assert read() == asyncapi.document()


def test_the_document_is_what_asyncapi_asks_for() -> None:
    judge(read())


def test_a_document_with_a_channel_of_another_form_is_not() -> None:
    wrong = {**read(), "channels": {"inbox": {"address": 7}}}
    with pytest.raises(jsonschema.ValidationError):
        judge(wrong)


def test_every_reference_leads_to_something() -> None:
    def follow(value: Any) -> None:
        for item in value.values() if isinstance(value, dict) else value:
            if isinstance(item, dict | list):
                follow(item)
        if isinstance(value, dict) and "$ref" in value:
            place = read()
            for step in value["$ref"].removeprefix("#/").split("/"):
                place = place[step]

    follow(read())


def test_each_role_sends_what_the_catalogue_lets_it_say() -> None:
    sends = {
        name.removesuffix("Sends"): {one["$ref"].rpartition("/")[2] for one in said["messages"]}
        for name, said in read()["operations"].items()
        if said["action"] == "send"
    }
    allowed: dict[str, set[str]] = {}
    for entry in CATALOGUE:
        if not issubclass(entry.event, SystemEvent):
            for role in entry.roles:
                allowed.setdefault(role, set()).add(entry.name)
    assert sends == allowed


def test_every_class_that_travels_has_its_released_schema_in_it() -> None:
    messages = read()["components"]["messages"]
    system = {entry.name for entry in CATALOGUE if issubclass(entry.event, SystemEvent)}
    assert set(messages) == set(avro.released()) - system
    for name, message in messages.items():
        assert message["payload"]["schema"] == json.loads(avro.released_text(name))


def test_the_channels_are_kept_as_the_topics_are() -> None:
    agency = provisioning.NewParty("2060", "BPS", ("agency",))
    made = [*provisioning.topics_of(agency), Topic(topics.CHECKPOINTS, 1, topics.CHECKPOINTS_KEPT)]
    told = {
        channel.address.format(party="2060", agency="2060"): channel
        for channel in channels.CHANNELS
    }
    assert {topic.name for topic in made} == set(told)
    for topic in made:
        channel = told[topic.name]
        assert channel.partitions == topic.partitions
        spelled = {
            name: ",".join(value) if isinstance(value, list) else str(value)
            for name, value in channel.kept.items()
        }
        assert spelled.items() <= dict(topic.settings).items(), topic.name
