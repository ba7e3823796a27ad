"""Counts of people that may be published across agencies: which rows are hidden, so that no small
count can be found by subtraction.

A table has rows in a tree (nation, agency, unit) and categories that do not overlap. A row is
published whole or not at all. The rule:

1. A row with a count below `fewest` is hidden; one that was hidden lately as well.
2. Below a hidden row everything is hidden.
3. Of the rows beneath one published row, those hidden must be able to hide each other, and all
   that lies beneath them: they are at least two, and each small count in them could be anything
   from 0 to `fewest`. Until then the smallest other row is hidden as well; where that does not
   suffice the row above is hidden.

What an attacker can know of such rows are their sums, by category and by row (a row's sum is
published in the table of all people, if that does not hide it). So each of their counts can be
anything between the bounds of Frechet: max(0, row + category - all) and min(row, category).
"""  # noqa: D205

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jejak_lrs.competency.ruleset import Publication

Path = tuple[str, ...]  # () is the nation, (agency,), (agency, unit)
Counts = tuple[int, ...]  # people by category
Table = Mapping[Path, Counts]
NATION: Path = ()


@dataclass(frozen=True, slots=True)
class Published:
    """A table as it is published: counts rounded, None for a hidden row."""

    rows: Mapping[Path, Counts | None]

    @property
    def hidden(self) -> frozenset[Path]:
        """The rows that are hidden."""
        return frozenset(path for path, counts in self.rows.items() if counts is None)


def publish(
    table: Table, rule: Publication, *, hidden: Iterable[Path] = (), sums_hidden: bool = False
) -> Published:
    """What may be published of a table.

    Args:
        table: true counts by leaf or any row; sums of rows are made here.
        rule: of the ruleset in force.
        hidden: rows that must be hidden: lately so, or in the table of all people.
        sums_hidden: whether no other table tells the sum of a row (the table of all people).
    """
    whole = summed(table)
    hiding = _Hiding(whole, rule, frozenset(hidden), sums_known=not sums_hidden)
    kept = hiding.published()
    return Published(
        {
            path: tuple(rounded(count, rule.rounding) for count in counts) if path in kept else None
            for path, counts in sorted(whole.items())
        }
    )


def rounded(count: int, to: int) -> int:
    """The nearest multiple; half way goes up."""
    return (2 * count + to) // (2 * to) * to


def summed(leaves: Table) -> dict[Path, Counts]:
    """Every row of the tree, each the sum of the leaves beneath it."""
    sums: dict[Path, Counts] = {}
    for leaf, counts in leaves.items():
        for depth in range(len(leaf) + 1):
            path = leaf[:depth]
            before = sums.get(path, (0,) * len(counts))
            sums[path] = tuple(map(sum, zip(before, counts, strict=True)))
    return sums


class _Hiding:
    """Decides row by row, from the leaves up."""

    def __init__(
        self, whole: Table, rule: Publication, hidden: frozenset[Path], *, sums_known: bool
    ) -> None:
        self._whole = whole
        self._fewest = rule.fewest
        self._hidden = hidden
        self._sums_known = sums_known
        self._beneath: dict[Path, list[Path]] = defaultdict(list)
        for path in whole:
            if path:
                self._beneath[path[:-1]].append(path)

    def published(self) -> set[Path]:
        """The rows that are published."""
        kept = self._open(NATION) if NATION in self._whole else None
        return kept or set()

    def _open(self, path: Path) -> set[Path] | None:
        """The rows published at and beneath one, if it is published; None: it cannot be."""
        if path in self._hidden or min(self._whole[path]) < self._fewest:
            return None
        beneath = {row: self._open(row) for row in self._beneath[path]}
        closed = [row for row, kept in beneath.items() if kept is None]
        others = sorted((row for row in beneath if row not in closed), key=self._size)
        while closed and not self._hide_each_other(closed):
            if not others:
                return None
            closed.append(others.pop(0))
        return {path}.union(*(beneath[row] or set() for row in others))

    def _size(self, row: Path) -> tuple[int, Path]:
        return sum(self._whole[row]), row

    def _hide_each_other(self, closed: Sequence[Path]) -> bool:
        columns = [
            sum(column) for column in zip(*(self._whole[path] for path in closed), strict=True)
        ]
        everybody = sum(columns)
        return len(closed) > 1 and all(
            self._is_free(sum(row), column, everybody)
            for path in closed
            for row in self._at_and_beneath(path)
            for count, column in zip(row, columns, strict=True)
            if count < self._fewest
        )

    def _at_and_beneath(self, path: Path) -> Iterator[Counts]:
        yield self._whole[path]
        for row in self._beneath[path]:
            yield from self._at_and_beneath(row)

    def _is_free(self, row: int, column: int, everybody: int) -> bool:
        """Whether a count could be anything from 0 to `fewest`, by the sums around it."""
        if column < self._fewest:
            return False
        # The sum of a small row is hidden by the table of all people.
        known = self._sums_known and row >= self._fewest
        return not known or row + column <= everybody
