"""The count, once nothing is behind any more."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import psutil  # type: ignore[import-untyped]

from tests.stranger.home import PATIENCE, Home
from tests.stranger.sender import MARK, PEOPLE, Sender, nip


def settle(home: Home) -> None:
    """Wait until `jejak status` says that nothing is behind."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        home.start()
        code, answer = home.answer("status", "--json")
        if code == 0 and not _behind(json.loads(answer)):
            return
    raise TimeoutError("it does not catch up")


def _behind(status: dict[str, Any]) -> int:
    lag = sum(inbox["lag"] for inbox in status["inboxes"])
    return int(lag + sum(stand["behind"] for stand in status["cursors"].values()))


def count(home: Home, senders: Sequence[Sender]) -> Iterator[tuple[str, int]]:
    """What is wrong, and how often."""
    with home.connect() as connection:
        held = connection.execute(
            "SELECT position, statement_id::text, activity FROM record"
        ).fetchall()
    told = {event: position for sender in senders for event, position in sender.told.items()}
    written = sum(sender.written for sender in senders)
    yield from compare(held, _receipts(home, [sender.party for sender in senders]), told, written)
    yield "audit check", home.answer("audit", "check")[0]
    yield "books", home.answer("audit", "check", "--books")[0]
    yield "replays that differ", sum(_replays(home))
    yield "programs left", _left(home)


def compare(
    held: Sequence[tuple[int, str, str | None]],
    receipts: Iterable[str],
    told: Mapping[str, int],
    written: int,
) -> Iterator[tuple[str, int]]:
    """Compare the ledger's records with our own list.

    Args:
        held: position, id and activity of every record; each line of ours has its own activity.
        receipts: the ids that the receipts say are recorded.
        told: the positions of the ids that a command said are in the ledger.
        written: how many lines were sent.
    """
    stands = {event: position for position, event, _ in held}
    ours = Counter(activity for *_, activity in held if (activity or "").startswith(MARK))
    recorded = Counter(receipts)
    yield "unanswered", written - len(told)
    yield "lost", sum(event not in stands for event in told) + max(0, written - len(ours))
    yield "doubled", len(held) - len(stands) + sum(ours.values()) - len(ours)
    yield "moved", sum(stands.get(event, at) != at for event, at in told.items())
    yield "gaps", max(stands.values()) + 1 - len({position for position, *_ in held})
    yield "receipts lacking", sum(event not in recorded for event in told)
    yield "receipts doubled", sum(times > 1 for times in recorded.values())


def _receipts(home: Home, parties: Sequence[str]) -> Iterator[str]:
    for party in parties:
        _, answer = home.answer("receipts", "--identity", party, "--since", "2000-01-01", "--json")
        said = map(json.loads, answer.splitlines())
        yield from (one["event_id"] for one in said if one["outcome"] == "recorded")


def _replays(home: Home) -> Iterator[bool]:
    for number in range(0, PEOPLE, 100):
        yield home.answer("replay", "--person", nip(number), "--compare")[0] != 0


def _left(home: Home) -> int:
    """What still runs after `jejak down`."""
    home.answer("down")
    place = str(home.folder / "home")
    return sum(
        place in " ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])
    )
