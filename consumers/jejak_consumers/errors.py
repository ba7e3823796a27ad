"""What can go wrong in the loops, by what the operator does about it.

```
LoopError
├── Retry                 back off and go on from the stored place
│   ├── BrokersAway       Kafka cannot be reached
│   ├── RegistryAway      a subscriber's schema registry does not answer as one
│   └── WitnessAway       a witness does not sign now; nothing waits for it
├── Refuse                the answer is no
│   ├── Reload            a subscriber has missed changes for good: begin again from the profiles
│   └── BadRoster         a roster file cannot be read
└── Fatal                 state unknown or wrong: the loop ends, a restart recovers or says so again
    ├── WrongLogin        Kafka refuses the user or the password
    ├── NotAllowed        Kafka refuses this user that act
    ├── RegistryRefuses   a subscriber's schema registry refuses it
    ├── OffsetOutOfRange  a partition's log does not hold the stored offset
    ├── UnknownSchema     a newer Jejak sent it: its .avsc file is needed to read on
    ├── TailLost          the ledger does not hold what it had recorded
    ├── StateDamaged      a subscriber's state file cannot be read or written
    ├── StateTaken        another subscriber goes on by the same state file
    └── Superseded        a newer copy of this loop has taken over
```

The server's loops meet the schema registry's own tree: `jejak_schemas.registry.errors`.
"""

from jejak_consumers.messages import TopicPartition


class LoopError(Exception):
    """Root of everything this package raises on purpose."""


class Retry(LoopError):  # noqa: N818  says what to do, as its siblings do
    """A dependency is away; the same work can succeed later."""


class Fatal(LoopError):  # noqa: N818
    """Only a restart or an operator can go on."""


class Refuse(LoopError):  # noqa: N818
    """The answer is no; whoever asked must do something else."""


class Reload(Refuse):
    """Changes are gone for good, or the ledger has a new epoch: begin again from the profiles.

    Read `profiles()` in place of what is held, call `start_over()`, and follow `changes()` again.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: read profiles() in place of what you have, then start_over()")
        self.what = what


class TailLost(Fatal):
    """The ledger does not hold what it had recorded: see docs/operating.md, A lost tail."""


class BadRoster(Refuse):
    """A roster file cannot be read; says the line, never the value."""


class BrokersAway(Retry):
    """Kafka cannot be reached."""


class RegistryAway(Retry):
    """The schema registry does not answer, or not as one; says so in one line."""


class WitnessAway(Retry):
    """A witness cannot be reached, or does not answer as one."""


class WrongLogin(Fatal):
    """Kafka refuses the user or the password."""


class NotAllowed(Fatal):
    """Kafka refuses this user that act."""


class RegistryRefuses(Fatal):
    """The schema registry refuses the subscriber."""


class Superseded(Fatal):
    """A newer copy of this loop has taken over; this one must not write any more."""


class OffsetOutOfRange(Fatal):
    """The partition's log does not hold the stored offset: messages are gone, or it shrank.

    Only `where` stops: a recorder reads its other partitions on.
    """

    def __init__(self, where: TopicPartition, what: str) -> None:
        super().__init__(f"{where.topic}/{where.partition}: {what}")
        self.where = where
        self.what = what


class UnknownSchema(Fatal):
    """A message was written with a schema that is not known here; says which file is needed."""


class StateDamaged(Fatal):
    """A subscriber's state file cannot be read or written; remove it and begin again."""


class StateTaken(Fatal):
    """Another subscriber goes on by the same state file: end it, or give this one its own."""
