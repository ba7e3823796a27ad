"""Users that sign in with a password (SCRAM)."""

from collections.abc import Collection, Mapping

from kafka.admin import UserScramCredentialDeletion, UserScramCredentialUpsertion

from jejak.errors import Fatal
from jejak.kafka_admin.connection import Connection, until
from jejak_schemas.credentials import SCRAM


class Passwords(Connection):
    """The passwords that brokers keep: of each user, one for each mechanism."""

    def set_passwords(self, passwords: Mapping[str, str], mechanism: str = SCRAM) -> None:
        """Make users, or give them these passwords."""
        if not passwords:
            return
        changes = [
            UserScramCredentialUpsertion(user, mechanism, password)
            for user, password in passwords.items()
        ]
        with self._speaking():
            refused = {
                user: why
                for user, why in self._client.alter_user_scram_credentials(changes).items()
                if why
            }
            if refused:
                raise Fatal(f"Kafka refused users: {refused}")
            until(lambda: passwords.keys() <= self._having(mechanism))

    def passwords(self) -> dict[str, set[str]]:
        """Who has one, and for which mechanisms."""
        with self._speaking():
            found = self._client.describe_user_scram_credentials()
        return {
            user: {one["mechanism"].name.replace("_", "-") for one in told["credential_infos"]}
            for user, told in found.items()
        }

    def remove_passwords(self, users: Collection[str], mechanism: str) -> None:
        """Take those of one mechanism from these users."""
        there = self._having(mechanism) & set(users)
        if not there:
            return
        with self._speaking():
            self._client.alter_user_scram_credentials(
                [UserScramCredentialDeletion(user, mechanism) for user in there]
            )
            until(lambda: not there & self._having(mechanism))

    def _having(self, mechanism: str) -> set[str]:
        return {user for user, held in self.passwords().items() if mechanism in held}
