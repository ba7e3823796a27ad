"""What can be wrong with a log's bytes.

LogError
├── Malformed   not what the specification says: not one byte may be believed
├── Unsigned    no signature by a key that is asked for, or one that does not verify
└── Missing     a tile or bundle that the tree's size promises is not there
"""


class LogError(ValueError):
    """Root of everything this package raises on purpose."""


class Malformed(LogError):  # noqa: N818 - says what it is, as its siblings do
    """The bytes are not of the format."""


class Unsigned(LogError):  # noqa: N818
    """The note is not signed by the keys that are trusted, and so says nothing."""


class Missing(LogError):  # noqa: N818
    """A file of the log is not there, or is shorter than its name says."""
