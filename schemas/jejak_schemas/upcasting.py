"""How an event or a message written with an older version becomes one of the next.

One row a step: (class, version) leads to the version after it. The step gets the plain value as it
was written and gives the plain value that the next version would have held; steps run one after the
other up to the newest. A release is refused without its row (release.py).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

Plain = dict[str, Any]
Step = Callable[[Plain], Plain]
Steps = Mapping[tuple[str, int], Step]


def fills(**values: Any) -> Step:
    """The step of a version that only adds fields: those that older writers did not know."""
    return lambda plain: values | plain


def unchanged(plain: Plain) -> Plain:
    """The step of a version whose new fields lie deeper and have defaults in their models."""
    return plain


STEPS: Final[Steps] = {
    ("CertificateEarned", 1): fills(verify_at=None),
    ("LevelChanged", 1): fills(valid_until=None),
}


def to_newest(name: str, version: int, newest: int, table: Steps = STEPS) -> tuple[Step, ...]:
    """The steps from a version of a class to its newest.

    Raises LookupError: a step is not in the table.
    """
    try:
        return tuple(table[name, at] for at in range(version, newest))
    except KeyError as exc:
        raise LookupError(
            f"{name}: no step after version {exc.args[0][1]} in upcasting.py"
        ) from exc
