"""The contract for machines: an AsyncAPI 3.0 document, told from a party's side.

Source: AsyncAPI 3.0.0 and its Kafka bindings 0.5.0. What a role sends is an operation of its own;
what only the system itself says is on no channel and not in here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel, TypeAdapter

from jejak_schemas import avro
from jejak_schemas.catalogue import BY_NAME
from jejak_schemas.documents import channels, material
from jejak_schemas.documents.channels import Channel
from jejak_schemas.documents.layout import yaml_text
from jejak_schemas.parts import Role
from jejak_schemas.wire import AgencyCode, PartyCode

AVRO: Final = "application/vnd.apache.avro;version=1.9.0"
CONTENT_TYPE: Final = "application/avro"
_BINDING: Final = {"bindingVersion": "0.5.0"}
_PARAMETERS: Final = {
    "party": ("The party's code; the credentials file names its topics.", PartyCode),
    "agency": ("The agency's code as a party: 4 digits.", AgencyCode),
}
_ABOUT: Final = (
    "Told from a party's side: it sends events to its own inbox and receives what became of them; "
    "an agency receives the changes and profiles of its own people. Every value is Avro in "
    "single-object encoding (C3 01, the CRC-64-AVRO fingerprint of the schema, little endian, the "
    "body), or in Confluent's framing where a schema registry is agreed on. Of each class the "
    "newest version stands here; readers know the older ones too."
)


def asyncapi_text() -> str:
    """docs/contract/asyncapi.yaml."""
    return yaml_text(document())


def document() -> dict[str, Any]:
    """The whole document, as plain values."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Jejak", "version": _version(), "description": _ABOUT},
        "defaultContentType": CONTENT_TYPE,
        "servers": {"broker": _server()},
        "channels": {one.name: _channel(one) for one in channels.CHANNELS},
        "operations": dict(_operations()),
        "components": {
            "messages": {model.__name__: _message(model, one) for model, one in _messages()},
            "messageTraits": {one.name: _trait(one) for one in channels.CHANNELS},
            "securitySchemes": {"scram": _scram()},
        },
    }


def _version() -> str:
    """Every version of a class that is released makes this one greater; none may break a reader."""
    done = len(avro.releases())
    return f"{1 if done else 0}.{done}.0"


def _server() -> dict[str, Any]:
    return {
        "host": "127.0.0.1:9092",
        "protocol": "kafka",
        "description": "A placeholder: the credentials file names the brokers, and whether they "
        "are spoken to through TLS.",
        "security": [_ref("components", "securitySchemes", "scram")],
    }


def _scram() -> dict[str, Any]:
    return {
        "type": "scramSha512",
        "description": "User and password of the credentials file; SASL's SCRAM-SHA-512.",
    }


def _ref(*path: str) -> dict[str, str]:
    return {"$ref": "#/" + "/".join(path)}


# -- channels and operations ----------------------------------------------------------------


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "title": channel.title,
        "address": channel.address,
        "description": channel.says,
        **_parameters(channel.address),
        "messages": {
            model.__name__: _ref("components", "messages", model.__name__)
            for model in channel.messages
        },
        "bindings": {
            "kafka": {
                "partitions": channel.partitions,
                "topicConfiguration": channel.kept,
                **_BINDING,
            }
        },
    }


def _parameters(address: str) -> dict[str, Any]:
    found = {
        name: {"description": f"{says} Its form: {TypeAdapter(form).json_schema()['pattern']}"}
        for name, (says, form) in _PARAMETERS.items()
        if f"{{{name}}}" in address
    }
    return {"parameters": found} if found else {}


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for role in get_args(Role):
        said = [one for one in channels.INBOX.messages if role in BY_NAME[one.__name__].roles]
        if said:
            yield (
                f"{role}Sends",
                _operation("send", f"What a {role} may say.", channels.INBOX, said),
            )
    for name, channel in _RECEIVED.items():
        yield name, _operation("receive", channel.says, channel, channel.messages)


_RECEIVED: Final = {
    "partyReceivesReceipts": channels.RECEIPTS,
    "agencyReceivesChanges": channels.CHANGED,
    "agencyReceivesProfiles": channels.PROFILES,
    "anyoneReceivesCheckpoints": channels.CHECKPOINTS,
}


def _operation(
    action: str, summary: str, channel: Channel, said: Iterable[type[BaseModel]]
) -> dict[str, Any]:
    where = ("channels", channel.name)
    return {
        "action": action,
        "summary": summary,
        "channel": _ref(*where),
        "messages": [_ref(*where, "messages", model.__name__) for model in said],
    }


# -- messages -----------------------------------------------------------------------------


def _messages() -> Iterator[tuple[type[BaseModel], Channel]]:
    return ((model, channel) for channel in channels.CHANNELS for model in channel.messages)


def _message(model: type[BaseModel], channel: Channel) -> dict[str, Any]:
    said = material.sentence_of(model)
    return {
        "name": f"{avro.NAMESPACE}.{model.__name__}",
        "title": model.__name__,
        "summary": said.en,
        "description": said.id,
        "traits": [_ref("components", "messageTraits", channel.name)],
        "payload": {"schemaFormat": AVRO, "schema": _schema(model)},
    }


def _trait(channel: Channel) -> dict[str, Any]:
    """What the messages of a channel have in common: content type, key, headers."""
    key = {"type": "string", "description": channel.key}
    return {
        "contentType": CONTENT_TYPE,
        **({"headers": _hints()} if channel is channels.INBOX else {}),
        "bindings": {"kafka": {"key": key, **_BINDING}},
    }


def _schema(model: type[BaseModel]) -> Any:
    return json.loads(avro.released_text(model.__name__))


def _hints() -> Mapping[str, Any]:
    """CloudEvents' binary mode: every header may be left out; one that is there must be true."""
    said = {
        "ce_specversion": "1.0",
        "ce_id": "The event_id.",
        "ce_type": f"{avro.NAMESPACE}. and the class.",
        "content-type": CONTENT_TYPE,
    }
    return {
        "type": "object",
        "description": "CloudEvents' hints: none is needed; one that contradicts the body is "
        "refused (header-mismatch).",
        "properties": {
            name: {"type": "string", "description": words} for name, words in said.items()
        },
    }
