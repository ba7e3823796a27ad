"""What can go wrong on the provider's side, by what the provider does about it.

```
ProducerError               one line for a person; never holds a value of the event
├── Refuse                  the event or the file is wrong: correct it
│   ├── BadEvent            reason, field: what the contract refuses
│   ├── BadFile             the file cannot be read as rows of events
│   └── SourceChanged       the file is not the one whose sending began
├── Retry                   nothing is wrong with the event: send the same one again, later
│   ├── BrokersAway         not acknowledged; it may have arrived, the same event_id is safe
│   ├── NoReceipt           acknowledged, but its receipt has not come yet
│   ├── NoRoom              the journal cannot be written: the disk is full, or fails
│   └── RegistryAway        the schema registry does not answer, or not as one
└── Fatal                   the set-up is wrong: the operator helps
    ├── WrongUserOrPassword the brokers refused the sign-in
    ├── NotAllowed          signed in, but may not use that topic
    ├── RegistryRefuses     the schema registry refuses us, or lacks a schema that we need
    └── Closed              the producer was closed before
```

A class's docstring is its message where none is given.
"""

from typing import Self

from jejak_schemas.codec import Refusal
from jejak_schemas.reasons import explain
from jejak_schemas.registry.errors import RegistryError
from jejak_schemas.registry.errors import Retry as RegistryRetry
from jejak_schemas.wire import holds_nip


class ProducerError(Exception):
    """Something failed on the way to the brokers."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])


class Refuse(ProducerError):  # noqa: N818  named by what the provider does
    """The event or the file is wrong."""


class Retry(ProducerError):  # noqa: N818  named by what the provider does
    """It could not be done now; the same call may go through later."""


class Fatal(ProducerError):  # noqa: N818  named by what the provider does
    """The set-up is wrong; the operator of the ledger helps."""


class BadEvent(Refuse):
    """The event breaks the contract.

    `reason` is a code of `jejak_schemas.reasons`, or of `rows` for a line that is no event;
    `field` names where (`competencies[0].claimed_level`), None where it cannot be told;
    `detail` says what is wrong without repeating any value.
    """

    def __init__(self, reason: str, field: str | None = None, detail: str = "") -> None:
        self.reason = reason
        self.field = "(a name that holds a NIP)" if field and holds_nip(field) else field
        self.detail = detail or explain(reason)
        where = f"{self.field}: " if self.field else ""
        super().__init__(f"{where}{self.detail} ({reason})")

    @classmethod
    def of(cls, refusal: Refusal) -> Self:
        """The codec's refusal, as the SDK raises it."""
        return cls(refusal.reason, refusal.field, refusal.detail)


class BadFile(Refuse):
    """The file cannot be read."""


class SourceChanged(Refuse):
    """The file is not the one whose sending began."""


class BrokersAway(Retry):
    """The brokers did not acknowledge in time; send the same event again, its id is kept."""


class NoReceipt(Retry):
    """The event was acknowledged, but its receipt has not come yet."""


class NoRoom(Retry):
    """The journal cannot be written; whatever is not in it was not sent."""


class RegistryAway(Retry):
    """The schema registry does not answer, or not as one.

    From `emit`: nothing was sent. From a receipt: it still waits in its topic, ask for it again.
    """


class WrongUserOrPassword(Fatal):
    """The brokers refused the user, password or certificate of the credentials file."""


class NotAllowed(Fatal):
    """This party may not use that topic."""


class RegistryRefuses(Fatal):
    """The schema registry refuses us, or lacks a schema that we need, or none is set.

    From `emit`: nothing was sent. From a receipt: it still waits in its topic.
    """


class Closed(Fatal):
    """The producer is closed."""


def of_registry(error: RegistryError) -> ProducerError:
    """The schema registry's error, as the SDK raises it."""
    kind = RegistryAway if isinstance(error, RegistryRetry) else RegistryRefuses
    return kind(str(error))
