"""What a bench is asked on its command line: positive numbers in order, each with its default."""

import argparse
from collections.abc import Callable
from typing import TypeVar

N = TypeVar("N", int, float)


def asked(**defaults: N) -> list[N]:
    """The numbers, named for who asks wrongly (exit 2); a default's type is its number's."""
    parser = argparse.ArgumentParser()
    for name, default in defaults.items():
        parser.add_argument(name, nargs="?", type=_positive(type(default)), default=default)
    return list(vars(parser.parse_args()).values())


def _positive(kind: type[N]) -> Callable[[str], N]:
    def number(text: str) -> N:
        value = kind(text)
        if not 0 < value < 1 << 62:
            raise ValueError(text)
        return value

    number.__name__ = f"positive {kind.__name__}"  # argparse says it
    return number
