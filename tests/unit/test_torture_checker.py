"""The torture's judge finds what is wrong, each kind by itself."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from tests.torture.checker import Link, Place, Seen, Verdict, followed, judge

A, B, C = (UUID(int=number) for number in (1, 2, 3))
INBOX = "jejak.inbox.lan"
AT = [(INBOX, 0, offset) for offset in range(4)]
SENT = {b"a": A, b"b": B, b"other a": A, b"garbage": None}
ACKNOWLEDGED: dict[Place, UUID | None] = {AT[0]: A, AT[1]: B, AT[3]: None}
TOLD = [Link(n + 1, n, place) for n, place in enumerate(AT)]
SOUND = Seen(
    inbox={AT[0]: b"a", AT[1]: b"b", AT[2]: b"other a", AT[3]: b"garbage"},
    records=[(0, C, None), (1, A, AT[0]), (2, B, AT[1])],
    keys={C: 0, A: 1, B: 2},
    outcomes=[(0, "conflict", AT[2]), (1, "refused", AT[3])],
    head=(3, 2),
    offsets={(INBOX, 0): (4, 4)},
    receipts={INBOX: TOLD},
    changes=[Link(1, 0, C)],
    told=[C],
)


def verdict(seen: Seen) -> Verdict:
    return judge(seen, SENT, ACKNOWLEDGED)


def test_a_sound_ledger_is_sound() -> None:
    assert verdict(SOUND).words == []


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lambda s: replace(s, inbox=dict(list(s.inbox.items())[:3])), "lost"),
        (lambda s: replace(s, records=s.records[:2], keys={C: 0, A: 1}), "lost"),
        (lambda s: replace(s, outcomes=s.outcomes[:1], head=(3, 1)), "lost"),
        (lambda s: replace(s, receipts={INBOX: TOLD[:3]}), "lost"),
        (lambda s: replace(s, changes=[]), "lost"),
        (lambda s: replace(s, records=[*s.records, (3, A, AT[2])], head=(4, 2)), "doubled"),
        (lambda s: replace(s, receipts={INBOX: [*TOLD, Link(5, 4, AT[0])]}), "doubled"),
        (lambda s: replace(s, changes=[Link(1, 0, C), Link(2, 1, C)]), "doubled"),
        (lambda s: replace(s, head=(4, 2)), "gaps"),
        (lambda s: replace(s, head=(3, 3)), "gaps"),
        (lambda s: replace(s, changes=[Link(2, 1, C)]), "gaps"),
        (lambda s: replace(s, receipts={INBOX: TOLD[1:]}), "gaps"),
        (lambda s: replace(s, offsets={(INBOX, 0): (4, 5)}), "unbalanced"),
        (lambda s: replace(s, keys={C: 0, A: 2, B: 1}), "unbalanced"),
        (lambda s: replace(s, outcomes=[(0, "duplicate", AT[2]), s.outcomes[1]]), "unbalanced"),
        (lambda s: replace(s, unlike=[C]), "unbalanced"),
    ],
)  # fmt: skip
def test_every_harm_is_found(harm: Callable[[Seen], Seen], kind: str) -> None:
    assert getattr(verdict(harm(SOUND)), kind)


def test_a_reader_drops_what_it_has_and_says_a_gap_once() -> None:
    said: list[str] = []
    links = [Link(1, 0, "a"), Link(2, 1, "b"), Link(1, 0, "a"), Link(4, 3, "d"), Link(5, 4, "e")]
    assert [link.about for link in followed(links, said)] == ["a", "b", "d", "e"]
    assert said == ["link 4 follows 3, the last was 2"]
