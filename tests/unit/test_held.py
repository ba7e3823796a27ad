"""Persons that are held between transactions: who comes last stays, and the ledger is right."""

from uuid import UUID

from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.profile import EMPTY, canonical, digest
from jejak_lrs.competency.registry import Registry
from jejak_lrs.projection.held import Held, Person
from jejak_lrs.projection.profiles import Stored
from tests import world
from tests.world import passed, registered

WHO, OTHER, THIRD = (UUID(int=number) for number in (1, 2, 3))
SAID = world.facts([registered(), passed("2024-01-01")])
PROFILE = assess(SAID, Registry())


def stood(document: bytes) -> Stored:
    return Stored(WHO, 1, digest(document), document.decode(), 7, None, None)


def test_who_came_last_stays_where_too_much_is_held() -> None:
    held = Held(facts=2 * len(SAID))
    for one in (WHO, OTHER):
        held.put(one, list(SAID))
    held.take(WHO)
    held.put(THIRD, list(SAID))
    held.shrink()
    assert [held.take(one) is not None for one in (WHO, OTHER, THIRD)] == [True, False, True]


def test_a_flood_about_one_person_is_not_held() -> None:
    held = Held(facts=len(SAID) - 1)
    held.put(WHO, list(SAID))
    held.shrink()
    assert held.take(WHO) is None


def test_facts_that_come_to_somebody_who_is_held_count() -> None:
    held = Held(facts=3 * len(SAID))
    for one in (WHO, OTHER):
        held.put(one, list(SAID))
        held.shrink()
    who = held.take(WHO)
    assert who is not None
    held.shrink()
    who.facts.extend(SAID)  # after it was counted: when it is next met
    held.take(WHO)
    held.put(THIRD, list(SAID))
    held.shrink()
    assert [held.take(one) is not None for one in (WHO, OTHER, THIRD)] == [True, False, True]


def test_a_profile_is_believed_only_while_the_ledger_has_it() -> None:
    person = Person(list(SAID))
    person.stand(stood(canonical(PROFILE)))
    assert person.before() == PROFILE
    person.stand(stood(canonical(EMPTY)))
    assert person.before() == EMPTY
    person.stand(None)
    assert person.before() == EMPTY
