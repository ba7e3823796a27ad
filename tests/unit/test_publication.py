"""What is published across agencies: rounded, and no small count can be found in it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from hypothesis import example, given, settings
from hypothesis import strategies as st

from jejak_lrs.competency import ruleset
from jejak_lrs.competency.national import NO_UNIT, PEOPLE, month_end, released, tables
from jejak_lrs.competency.publication import NATION, Path, Table, publish, rounded, summed
from jejak_lrs.competency.stretches import Place
from jejak_lrs.competency.tallies import Tally
from tests import world
from tests.attacker import Attacker

RULES = ruleset.parse(ruleset.shipped()).publication
assert RULES is not None
FEWEST = RULES.fewest
MATCH, PROGRAMME = "match M.01", "programme reformer-academy"


# -- what a reader sees -------------------------------------------------------------------


def test_counts_are_rounded_and_small_ones_are_hidden() -> None:
    table = {("a", "1"): (43, 12), ("a", "2"): (9, 80), ("a", "3"): (14, 11), ("b", "1"): (77, 42)}
    found = publish(table, RULES)
    assert found.rows[NATION] == (145, 145)
    assert found.rows["b",] == (75, 40)
    # Alone, the small one would be what the others leave of the sum.
    assert found.hidden == {("a", "2"), ("a", "3")}
    assert found.rows["a", "1"] == (45, 10)


def test_a_count_is_rounded_to_the_nearest_multiple() -> None:
    assert [rounded(count, 5) for count in (10, 12, 13, 17, 18)] == [10, 10, 15, 15, 20]


def test_whatever_lies_beneath_a_hidden_row_is_hidden() -> None:
    table = {("a", "1"): (5,), ("b", "1"): (20,), ("b", "2"): (25,), ("c", "1"): (90,)}
    found = publish(table, RULES, sums_hidden=True)
    assert found.hidden == {("a",), ("a", "1"), ("b",), ("b", "1"), ("b", "2")}


def test_a_nation_too_small_to_hide_anybody_is_hidden_itself() -> None:
    found = publish({("a", "1"): (9,), ("b", "1"): (0,)}, RULES, sums_hidden=True)
    assert set(found.hidden) == set(found.rows)


def test_a_row_once_hidden_stays_so_and_hides_another_with_it() -> None:
    table = {("a", "1"): (30,), ("b", "1"): (40,), ("c", "1"): (50,)}
    assert publish(table, RULES, sums_hidden=True).hidden == frozenset()
    again = publish(table, RULES, hidden={("a",)}, sums_hidden=True)
    assert again.hidden == {("a",), ("a", "1"), ("b",), ("b", "1")}


def test_of_a_programme_everybody_counts_once_as_the_best_that_holds() -> None:
    places = [Place("2060", "2060", unit, "pengawas", None, "PNS") for unit in ("TU", None)]
    code, registry = "reformer-academy", world.registry(world.usual())
    enrolled = {
        (places[0], code, ("completed", "in-project")): 2,
        (places[1], code, ("registered", "withdrawn")): 3,
        (places[1], code, ("dismissed", "failed")): 4,
        (places[1], "unheard-of", ("completed",)): 5,
    }
    counted = Tally(Counter({places[0]: 10, places[1]: 20}))
    found = tables(counted, enrolled, registry, (), world.day("2026-06-30"))
    assert found[f"programme {code}"] == {("2060",): (2, 3, 4, 21)}
    assert found["programme talent-academy"] == {("2060",): (0, 0, 0, 30)}
    assert "programme unheard-of" not in found
    assert set(found[PEOPLE]) == {("2060", "TU"), ("2060", NO_UNIT)}


def test_a_month_ends_on_its_last_day() -> None:
    days = [date(2024, 2, 29), date(2024, 3, 1), date(2024, 12, 30), date(2025, 1, 31)]
    ends = [date(2024, 2, 29), date(2024, 2, 29), date(2024, 11, 30), date(2025, 1, 31)]
    assert [month_end(day) for day in days] == ends


# -- the attacker -------------------------------------------------------------------------


COUNT = st.one_of(st.integers(0, 14), st.integers(0, 60))
ROW = st.tuples(COUNT, COUNT, COUNT)
UNITS = st.lists(ROW, min_size=1, max_size=3)
NATIONS = st.lists(UNITS, min_size=1, max_size=3)


def table_of(agencies: Iterable[Iterable[tuple[int, ...]]]) -> Table:
    return {
        (f"a{one}", f"u{other}"): row
        for one, units in enumerate(agencies)
        for other, row in enumerate(units)
    }


def released_of(table: Table, lately: Mapping[str, frozenset[Path]] | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN201
    people = {path: (sum(row),) for path, row in table.items()}
    return released({PEOPLE: people, MATCH: table}, RULES, lately or {})


def learn(attacker: Attacker, month: str, table: Table, found, subject: str = MATCH) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """All that is published of a month, unrounded: rows of categories, and sums of rows."""
    whole, width = summed(table), len(next(iter(table.values())))
    for path, counts in whole.items():
        beneath = [leaf for leaf in table if leaf[: len(path)] == path]
        for category, count in enumerate(counts):
            unknowns = {(month, leaf, category): 1 for leaf in beneath}
            for name in unknowns:
                attacker.names.setdefault(name, len(attacker.names))
            if found[subject].rows[path] is not None:
                attacker.learn(unknowns, count)
        if found[PEOPLE].rows[path] is not None:
            everybody = {(month, leaf, at): 1 for leaf in beneath for at in range(width)}
            attacker.learn(everybody, sum(counts))


def small_hidden(table: Table, found, subject: str = MATCH):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Each hidden count below the threshold: the unknowns that make it up."""
    for path, counts in summed(table).items():
        beneath = [leaf for leaf in table if leaf[: len(path)] == path]
        for category, count in enumerate(counts):
            if count < FEWEST:
                assert found[subject].rows[path] is None
                yield beneath, category


# The small count is in a row so large that the others cannot hold all of its category.
CROWDED = [[(5, 40, 40), (60, 1, 2), (50, 50, 50)]]
CROWDED_BENEATH = [[(5, 46, 45), (60, 0, 1)], [(9, 0, 1)], [(50, 50, 50)]]
# Hidden by different rows in the two tables: the sum of a row in one is what the other hides.
CROSSED = [[(3, 3, 3)], [(10, 10, 10)], [(9, 50, 50)], [(9, 50, 50)], [(60, 60, 60)]]


@settings(max_examples=50, deadline=None)
@given(NATIONS)
@example(CROWDED)
@example(CROWDED_BENEATH)
@example(CROSSED)
def test_with_every_table_each_small_count_could_still_be_any_small_number(
    agencies: list[list[tuple[int, int, int]]],
) -> None:
    table = table_of(agencies)
    found = released_of(table)
    attacker = Attacker()
    learn(attacker, "m", table, found)
    if found[MATCH].rows[NATION] is None:
        return  # no category is published at all
    for beneath, category in small_hidden(table, found):
        wanted = [("m", leaf, category) for leaf in beneath]
        assert attacker.can_be(wanted, 0)
        assert attacker.can_be(wanted, FEWEST - 1)
    for path, counts in summed(table).items():
        if sum(counts) < FEWEST:
            beneath = [leaf for leaf in table if leaf[: len(path)] == path]
            wanted = [("m", leaf, category) for leaf in beneath for category in range(3)]
            assert attacker.can_be(wanted, 0)
            assert attacker.can_be(wanted, FEWEST - 1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(COUNT, min_size=1, max_size=3), min_size=1, max_size=4))
def test_with_the_table_of_all_people_each_small_row_could_still_be_any_small_number(
    agencies: list[list[int]],
) -> None:
    table = table_of([[(count,) for count in units] for units in agencies])
    found = publish(table, RULES, sums_hidden=True)
    attacker = Attacker()
    learn(attacker, "m", table, {PEOPLE: found, MATCH: found})
    if found.rows[NATION] is None:
        return
    for beneath, category in small_hidden(table, {MATCH: found}):
        wanted = [("m", leaf, category) for leaf in beneath]
        assert attacker.can_be(wanted, 0)
        assert attacker.can_be(wanted, FEWEST - 1)


@settings(max_examples=25, deadline=None)
@given(NATIONS, st.integers(1, 2))
def test_a_table_by_agency_beside_them_tells_no_more(
    agencies: list[list[tuple[int, int, int]]], shift: int
) -> None:
    """Who takes part in a programme: other categories of the same people, known to be as many."""
    table = table_of(agencies)
    sums = {path: counts for path, counts in summed(table).items() if len(path) == 1}
    taking = {path: counts[shift:] + counts[:shift] for path, counts in sums.items()}
    people = {path: (sum(row),) for path, row in table.items()}
    found = released({PEOPLE: people, MATCH: table, PROGRAMME: taking}, RULES, {})
    attacker = Attacker()
    learn(attacker, MATCH, table, found)
    learn(attacker, PROGRAMME, taking, found, PROGRAMME)
    for agency in taking:
        here = {(PROGRAMME, agency, category): 1 for category in range(3)}
        there = [leaf for leaf in table if leaf[:1] == agency]
        attacker.learn(
            here | {(MATCH, leaf, category): -1 for leaf in there for category in range(3)}, 0
        )
    for subject, of in ((MATCH, table), (PROGRAMME, taking)):
        if found[subject].rows[NATION] is None:
            continue
        for beneath, category in small_hidden(of, found, subject):
            wanted = [(subject, leaf, category) for leaf in beneath]
            assert attacker.can_be(wanted, 0)
            assert attacker.can_be(wanted, FEWEST - 1)


@settings(max_examples=20, deadline=None)
@given(NATIONS, st.data())
def test_two_months_tell_no_more_of_what_was_small_in_the_first(
    agencies: list[list[tuple[int, int, int]]], data: st.DataObject
) -> None:
    """Some rows grow; the attacker even knows which, and that all others stayed as they were."""
    before = table_of(agencies)
    growing = data.draw(st.sets(st.sampled_from(list(before)), max_size=2))
    after = {
        path: tuple(count + 25 for count in row) if path in growing else row
        for path, row in before.items()
    }
    first = released_of(before)
    hidden = {subject: table.hidden for subject, table in first.items()}
    second = released_of(after, hidden)
    if first[MATCH].rows[NATION] is None:
        return
    attacker = Attacker()
    learn(attacker, "first", before, first)
    learn(attacker, "second", after, second)
    for leaf in set(before) - growing:
        for category in range(3):
            attacker.learn({("first", leaf, category): 1, ("second", leaf, category): -1}, 0)
    for beneath, category in small_hidden(before, first):
        wanted = [("first", leaf, category) for leaf in beneath]
        assert attacker.can_be(wanted, 0)
        assert attacker.can_be(wanted, FEWEST - 1)


def test_the_attacker_finds_what_is_not_hidden_well() -> None:
    attacker = Attacker()
    attacker.learn({("a",): 1, ("b",): 1}, 20)
    attacker.learn({("b",): 1}, 17)
    assert [attacker.can_be([("a",)], value) for value in (2, 3, 4)] == [False, True, False]
    assert not attacker.can_be([("a",), ("b",)], 21)
