"""Brokers, as they describe themselves."""

from collections.abc import Mapping
from typing import Any

from kafka.admin import ConfigResourceType

from jejak.kafka_admin.connection import Connection
from jejak.kafka_admin.port import Broker


class Brokers(Connection):
    """The brokers of a cluster."""

    def brokers(self) -> list[Broker]:
        """Every one."""
        with self._speaking():
            found = self._client.describe_cluster()["brokers"]
            disks = {one["broker"]: one["log_dirs"] for one in self._client.describe_log_dirs()}
            return [self._broker(one, disks) for one in found]

    def _broker(self, found: Mapping[str, Any], disks: Mapping[int, Any]) -> Broker:
        number = found["broker_id"]
        told = self._settings(ConfigResourceType.BROKER, [str(number)])[str(number)]
        rooms = [(one["usable_bytes"], one["total_bytes"]) for one in disks.get(number, ())]
        fullest = min((one for one in rooms if one[0] >= 0), default=(None, None))
        return Broker(
            number,
            found["host"],
            found["port"],
            tuple(self._client.get_broker_version_data(number).broker_version),
            told,
            *fullest,
        )
