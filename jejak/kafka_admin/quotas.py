"""Quotas: how much a user may send, read and have done."""

from collections.abc import Mapping
from typing import Any, Final

from kafka.protocol.admin import AlterClientQuotasRequest, DescribeClientQuotasRequest

from jejak.addresses import Quota
from jejak.errors import Fatal
from jejak.kafka_admin.connection import Connection, until

# Kafka's names (documentation, "Enforcing Client Quotas").
QUOTA_KEYS: Final = {
    "write": "producer_byte_rate",
    "read": "consumer_byte_rate",
    "work": "request_percentage",
}
_ANY_NAME: Final = 2  # every entity that has a name (KIP-546)


class Quotas(Connection):
    """The quotas of users; the library has no method for them."""

    def limit(self, quotas: Mapping[str, Quota]) -> None:
        """Give each of these users its own."""
        if not quotas:
            return
        # Tuples: a dict would fail in the library's thread, and the call would wait for ever.
        entries = [([("user", user)], _acts(quota)) for user, quota in quotas.items()]
        with self._speaking():
            answer = self._ask(AlterClientQuotasRequest(entries=entries, validate_only=False))
            refused = [one.error_message for one in answer.entries if one.error_code]
            if refused:
                raise Fatal(f"Kafka refused quotas: {refused[0]}")
            until(lambda: quotas.items() <= self.quotas().items())

    def quotas(self) -> dict[str, Quota]:
        """Those of every user that has one of ours."""
        of_users = ("user", _ANY_NAME, None)
        with self._speaking():
            answer = self._ask(DescribeClientQuotasRequest(components=[of_users], strict=True))
        if answer.error_code:
            raise Fatal(f"Kafka does not tell quotas: {answer.error_message}")
        found = {
            one.entity[0].entity_name: {each.key: each.value for each in one.values}
            for one in answer.entries or ()
        }
        return {
            user: Quota(**{name: int(values[key]) for name, key in QUOTA_KEYS.items()})
            for user, values in found.items()
            if values.keys() >= set(QUOTA_KEYS.values())
        }

    def _ask(self, request: Any) -> Any:
        manager = self._client._manager  # noqa: SLF001

        async def send() -> Any:
            return await manager.send(request)

        return manager.run(send)


def _acts(quota: Quota) -> list[tuple[str, float, bool]]:
    return [(key, float(getattr(quota, name)), False) for name, key in QUOTA_KEYS.items()]
