"""Whose an IRI is: who published it first, by the ledger's order and not by occurred_at, which its
sender chooses. Nobody restates what is another's.
"""  # noqa: D205

from collections.abc import Iterable


class Owners:
    """The owner of each IRI of one kind."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[int, str]] = {}

    def publish(self, iris: Iterable[str], position: int, institution: str) -> None:
        """Note a publication, in any order."""
        first = (position, institution)
        for iri in iris:
            self._first[iri] = min(self._first.get(iri, first), first)

    def of(self, iri: str) -> str | None:
        """The owner; None: it was never published."""
        known = self._first.get(iri)
        return known[1] if known else None
