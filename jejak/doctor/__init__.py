"""`jejak doctor`: the whole set-up in one table: what is wrong, and how to mend it.

Each module looks at one part and tells what it found; nothing is changed. What must hold is said
where it is made (provisioning, foundations, roles), so the doctor cannot believe something else.
"""

from collections.abc import Iterator, Sequence

from jejak.doctor import brokers, certificates, folders, postgres
from jejak.doctor.finding import Finding, Level
from jejak.home import Home
from jejak.issuing import known_parties
from jejak.services import Services

__all__ = ["Finding", "Level", "examine", "exit_code"]


def examine(home: Home, services: Services, *, embedded: bool) -> Iterator[Finding]:
    """Everything that can be asked from here, part by part, as it is found."""
    yield from folders.examine(home, services)
    parties = known_parties(home.credentials)
    yield from certificates.examine(services, parties)
    yield from brokers.examine(services, parties, embedded=embedded)
    yield from postgres.examine(services, embedded=embedded)


def exit_code(findings: Sequence[Finding]) -> int:
    """3 where a service is away, 1 where something is wrong, 0 for what is only worth knowing."""
    levels = {finding.level for finding in findings}
    return 3 if Level.AWAY in levels else int(Level.WRONG in levels)
