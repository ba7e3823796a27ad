"""Rights, which Kafka keeps as access control lists."""

from collections.abc import Collection, Sequence
from typing import Final

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from jejak.errors import Fatal
from jejak.kafka_admin.connection import Connection, until
from jejak.kafka_admin.port import Grant

_OPERATIONS: Final = {
    "read": ACLOperation.READ,
    "write": ACLOperation.WRITE,
    "describe": ACLOperation.DESCRIBE,
}
_RESOURCES: Final = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transaction": ResourceType.TRANSACTIONAL_ID,
}


class Rights(Connection):
    """Who may do what."""

    def lacking(self, grants: Sequence[Grant]) -> list[Grant]:
        """Those that are not given."""
        with self._speaking():
            given = self._acls()
        return [grant for grant in grants if _acl(grant) not in given]

    def allow(self, grants: Sequence[Grant]) -> None:
        """Give them."""
        if not grants:
            return
        wanted = [_acl(grant) for grant in grants]
        with self._speaking():
            failed = self._client.create_acls(wanted)["failed"]
            if failed:
                raise Fatal(f"Kafka refused rights: {', '.join(map(str, failed))}")
            until(lambda: set(wanted) <= self._acls())

    def revoke(self, users: Collection[str]) -> None:
        """Take every one from these users."""
        filters = [_everything_of(user) for user in users]
        if filters:
            with self._speaking():
                self._client.delete_acls(filters)
                gone = {f"User:{user}" for user in users}
                until(lambda: not any(acl.principal in gone for acl in self._acls()))

    def _acls(self) -> set[ACL]:
        found, _ = self._client.describe_acls(_everything_of(None))
        return set(found)


def _acl(grant: Grant) -> ACL:
    kind = ACLResourcePatternType.PREFIXED if grant.prefixed else ACLResourcePatternType.LITERAL
    return ACL(
        principal=f"User:{grant.user}",
        host="*",
        operation=_OPERATIONS[grant.operation],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(_RESOURCES[grant.resource], grant.name, kind),
    )


def _everything_of(user: str | None) -> ACLFilter:
    """Every ACL of one user, or of all."""
    return ACLFilter(
        principal=None if user is None else f"User:{user}",
        host=None,
        operation=ACLOperation.ANY,
        permission_type=ACLPermissionType.ANY,
        resource_pattern=ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
    )
