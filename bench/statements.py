"""What the recorder would record of whole nations, one statement a line: what dictionaries learn.

python -m bench.statements 11 12 13 > statements.jsonl
python -m jejak_lrs.dictionaries.train statements.jsonl
"""

import sys
from collections.abc import Iterator
from typing import Final

from bench import walk
from jejak_consumers.directory import STATEMENT
from jejak_lrs import dictionaries
from jejak_lrs.competency import ruleset
from jejak_lrs.ledger.batch import Row
from jejak_producers.simulate import Nation, nation

_EVENTS: Final = 20_000
_PEOPLE: Final = 2_000  # as many events a person as bench.disk


def statements(made: Nation) -> Iterator[bytes]:
    """Everything a nation says, from its registry to its traffic, and the first sight of each."""
    deliveries = [one for one in made.deliveries() if not one.note and one.event is not None]
    house = walk.house_of(made, deliveries)
    walked = house.walk()
    ids = [one.event.event_id for one in deliveries if one.event is not None]
    walked.directory.asked |= {(STATEMENT, str(event_id)) for event_id in ids}
    rows = [walked.carry(walk.message_of(*one)) for one in enumerate(deliveries)]
    unpack = dictionaries.unpacker().unpack
    yield from (unpack(row.payload) for row in rows if isinstance(row, Row))
    for reference in house.people:
        walked.directory.meet(reference)
    yield from (unpack(new.row.payload) for new in walked.directory.newcomers.values())


def main(seeds: list[str]) -> None:
    """Write the statements of a nation of each seed."""
    for seed in seeds:
        made = nation(int(seed), _PEOPLE, _EVENTS, documents=ruleset.shipped)
        for statement in statements(made):
            sys.stdout.buffer.write(statement + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
