"""What can go wrong with a schema registry, by what whoever meets it does about it.

```
RegistryError            one line; holds no password, and nothing that the registry said
├── Retry                the same call may go through later
│   └── RegistryAway     it does not answer, or not as a schema registry does
└── Fatal                an operator is needed
    ├── BadAddress       its URL is none
    ├── NotInstalled     the client library is not there
    ├── RegistryRefuses  it refuses our user, or what we want it to hold
    └── NotRegistered    it does not hold a schema that we would write with
```
"""


class RegistryError(Exception):
    """Root of what a schema registry can do to us."""


class Retry(RegistryError):  # noqa: N818  says what to do, as its siblings do
    """The same call may go through later."""


class RegistryAway(Retry):
    """The registry does not answer, or not as a schema registry does."""


class Fatal(RegistryError):  # noqa: N818
    """An operator is needed."""


class BadAddress(Fatal):
    """The URL is not one of a registry."""


class NotInstalled(Fatal):
    """The client library is not installed."""


class RegistryRefuses(Fatal):
    """The registry refuses our user, or what we want it to hold."""


class NotRegistered(Fatal):
    """The registry does not hold a schema that we would write with."""
