"""Chance that a seed decides, and ids made from it: the same source gives the same ids.

Source: RFC 9562, 5.7 (UUIDv7: 48 bits of Unix milliseconds, then random bits) and 5.4 (UUIDv4).
"""

from datetime import datetime
from random import Random
from typing import Final
from uuid import UUID

from jejak_schemas import clock

_VARIANT: Final = 0b10 << 62  # RFC 9562, 4.1


def source(*names: object) -> Random:
    """A random source of its own for each thing named; equal names give equal sources."""
    return Random(":".join(map(str, names)))  # noqa: S311  invented people hold no secret


def uuid7_at(moment: datetime, random: Random) -> UUID:
    """A UUIDv7 as an SDK would have made it at `moment`."""
    millis = clock.micros_of(moment) // 1000
    high = (millis << 16) | (7 << 12) | random.getrandbits(12)
    return UUID(int=(high << 64) | _VARIANT | random.getrandbits(62))


def uuid4_from(random: Random) -> UUID:
    """A UUIDv4, as enrolments carry one."""
    return UUID(int=random.getrandbits(128), version=4)
