"""The client behind `KafkaAdmin`, and its errors as ours."""

import socket
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource
from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from jejak.errors import Fatal, Retry
from jejak_consumers import errors as loop_errors
from jejak_consumers.kafka import Line
from jejak_schemas.credentials import KafkaAccess


class Connection:
    """A connection as the operator. Each subject builds on it."""

    def __init__(self, access: KafkaAccess, patience: float) -> None:
        self._access = access
        self._patience = patience
        self._client = self._open(KafkaAdminClient)

    def close(self) -> None:
        """End."""
        self._client.close()

    def _open(self, make: Callable[..., Any], **settings: Any) -> Any:
        """A client of the library; our errors where the brokers do not let us in."""
        try:
            return Line(self._access, self._patience).open(make, **settings)
        except loop_errors.Retry as error:
            raise Retry(str(error)) from error
        except loop_errors.LoopError as error:
            raise Fatal(str(error)) from error

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn kafka-python's errors into ours."""
        try:
            yield
        except (KafkaConnectionError, KafkaTimeoutError) as error:
            raise Retry(
                f"Kafka at {self._access.bootstrap_servers} went away ({type(error).__name__})"
            ) from error
        except KafkaError as error:
            raise Fatal(f"Kafka said no: {error}") from error

    def _existing(self, names: Collection[str]) -> list[Any]:
        """What the brokers tell of each of these topics that exists."""
        found = self._client.describe_topics(list(names)) if names else []
        return [topic for topic in found if not topic["error_code"]]

    def _settings(self, kind: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
        """Of each topic or broker, the settings that are told."""
        if not names:
            return {}
        asked = [ConfigResource(kind, name) for name in names]
        found = self._client.describe_configs(asked, config_filter="all")[kind.name.lower()]
        return {
            name: {key: one["value"] for key, one in told.items() if one["value"] is not None}
            for name, told in found.items()
        }


def await_port(servers: str, end: float) -> None:
    """Wait until a broker takes connections."""
    while not any(_answers(server) for server in servers.split(",")):
        if time.monotonic() > end:
            raise Retry(f"no Kafka answers at {servers}")
        time.sleep(0.1)


def _answers(server: str) -> bool:
    host, _, port = server.strip().rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=2):
            return True
    except (OSError, ValueError):
        return False


def until(visible: Callable[[], bool], patience: float = 30.0) -> None:
    """Wait until the brokers show what they accepted: they answer before all of them know it."""
    end = time.monotonic() + patience
    while not visible():
        if time.monotonic() > end:
            raise Retry(f"Kafka accepted a change and does not show it after {patience:.0f} s")
        time.sleep(0.05)
