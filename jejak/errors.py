"""What can go wrong in the front door, by what the reader of the line does about it.

```
JejakError          one line for a person; `exit_code` is what the command ends with
├── Refuse     (1)  the answer is no: refused, differs, invalid, not found
├── Misuse     (2)  the command was called wrongly
├── Retry      (3)  a service cannot be reached now; the same call may go through later
└── Fatal      (4)  the state needs an operator; the line says what to read or do
```

The codes are those of the command line (docs: "Exit codes").
"""

from typing import ClassVar


class JejakError(Exception):
    """The front door's root. Its text is one line: what is wrong, where, what to do."""

    exit_code: ClassVar[int] = 1


class Refuse(JejakError):  # noqa: N818  named by what the reader does
    """The answer is no."""

    exit_code = 1


class Misuse(JejakError):  # noqa: N818  named by what the reader does
    """The command was called wrongly."""

    exit_code = 2


class Retry(JejakError):  # noqa: N818  named by what the reader does
    """A service cannot be reached now."""

    exit_code = 3


class Fatal(JejakError):  # noqa: N818  named by what the reader does
    """The state needs an operator."""

    exit_code = 4
