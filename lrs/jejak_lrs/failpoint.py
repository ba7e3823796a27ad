"""Named points where a test kills or stops the process; nothing at all in production.

Only a composition root arms them, at process start, from an argument or the environment.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

Action = Callable[[str], None]

_SIGNALS = {"": signal.SIGKILL, "kill": signal.SIGKILL, "stop": signal.SIGSTOP}

_armed: Action | None = None


def failpoint(name: str) -> None:
    """Mark a point; does what was armed."""
    if _armed is not None:
        _armed(name)


def arm(action: Action | None) -> None:
    """Call `action` with the name of every point passed; None disarms."""
    global _armed  # noqa: PLW0603 - one per process, as the signal it sends
    _armed = action


def parse(spec: str) -> Action:
    """`NAME[:HIT[:kill|stop]]`: at the HIT-th pass of NAME send this process SIGKILL or SIGSTOP.

    Raises:
        ValueError: not of that form.
    """
    name, _, rest = spec.partition(":")
    hit, _, what = rest.partition(":")
    if what not in _SIGNALS:
        raise ValueError(f"not a failpoint: {spec!r}")
    left = int(hit or 1)

    def action(passed: str) -> None:
        nonlocal left
        if passed == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), _SIGNALS[what])

    return action
