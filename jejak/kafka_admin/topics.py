"""Topics: made, and how they were made."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from kafka.admin import ConfigResourceType

from jejak.errors import Fatal
from jejak.kafka_admin.connection import Connection
from jejak.kafka_admin.port import Made, Topic

_ALREADY_EXISTS: Final = 36  # TOPIC_ALREADY_EXISTS, Kafka protocol guide, error codes


class Topics(Connection):
    """The topics of a cluster."""

    def create_topics(self, topics: Sequence[Topic]) -> None:
        """Make those that are not there yet."""
        if not topics:
            return
        wanted = {
            topic.name: {"num_partitions": topic.partitions, "configs": dict(topic.settings)}
            for topic in topics
        }
        with self._speaking():
            answer = self._client.create_topics(wanted, raise_errors=False)
            for made in answer["topics"]:
                if made["error_code"] not in (0, _ALREADY_EXISTS):
                    raise Fatal(f"Kafka did not make topic {made['name']}: {made['error_message']}")
            self._client.wait_for_topics(list(wanted))

    def topic_ids(self, names: Collection[str]) -> dict[str, UUID]:
        """The id of each that exists."""
        with self._speaking():
            found = self._existing(names)
        return {topic["name"]: UUID(str(topic["topic_id"])) for topic in found}

    def topics(self, names: Collection[str]) -> dict[str, Made]:
        """How each that exists was made."""
        with self._speaking():
            there = {one["name"]: one["partitions"] for one in self._existing(names)}
            settings = self._settings(ConfigResourceType.TOPIC, list(there))
        return {
            name: Made(
                len(partitions),
                min(len(one["replica_nodes"]) for one in partitions),
                settings[name],
            )
            for name, partitions in there.items()
        }
