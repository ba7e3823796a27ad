"""How long to wait before something is tried again: one rule for every process of Jejak."""

import random


def pause(failures: int, first: float = 0.2, longest: float = 5.0) -> float:
    """Seconds to wait after so many failures in a row: exponential back-off with full jitter.

    Anything from 0 to a bound that doubles from `first` to `longest`, so that those who failed
    together do not come back together.
    """
    bound = min(longest, first * 2.0 ** min(failures - 1, 32))
    return random.uniform(0, bound)  # noqa: S311  no secret
