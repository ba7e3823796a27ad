"""How every story ends: the states that its people enter in its programme, by the real fold."""

from pathlib import Path

import pytest

from jejak_lrs.competency.profile import Enrolment
from jejak_producers.simulate import samples
from jejak_schemas.events import LearningEvent
from tests.programmes_page import tables
from tests.told import MAIN, profile_of

# Each learner of a drop-out or failure, the main one first: the states of each cohort, in order.
ENDS: dict[tuple[str, str], list[tuple[str, ...]]] = {
    ("talent-academy", "drop-out"): [
        ("198902032016012006", "nominated selected registered assessed in-course withdrawn"),
        ("199805292024032006", "nominated not-selected"),
    ],
    ("talent-academy", "failure"): [
        ("198806052012021001",
         "nominated selected registered assessed in-course in-project project-submitted failed"),
        ("198303302009121004",
         """nominated selected registered assessed in-course in-project project-submitted
         project-delivered certified completed"""),
    ],
    ("reformer-academy", "drop-out"): [
        ("199701282021122003",
         "nominated selected registered mentored in-project design-delivered dismissed"),
        ("198310092011121001",
         "nominated not-selected selected registered mentored withdrawn"),
    ],
    ("reformer-academy", "failure"): [
        ("197606142003032002",
         """nominated selected registered mentored in-project design-delivered
         implementation-delivered failed"""),
        ("198911232014031005",
         """nominated selected registered mentored in-project design-delivered
         implementation-delivered result-delivered certified completed"""),
    ],
    ("learning-marketplace", "drop-out"): [
        ("199901272024211004", "ordered registered cancelled"),
        ("199712302023212003", "ordered registered dismissed ordered registered course-completed"),
    ],
    ("learning-marketplace", "failure"): [
        ("198201182005021002", "ordered registered tested failed"),
        ("198210312010012001", "ordered registered tested course-completed badged rated completed"),
    ],
    ("outbound-business-learning", "drop-out"): [
        ("197204281995032006", "registered visited in-project withdrawn"),
        ("199607122023031006", "registered withdrawn", "registered visited"),
    ],
    ("outbound-business-learning", "failure"): [
        ("197811102004011006",
         "registered visited in-project project-submitted claim-logged failed"),
        ("197302151997022005",
         """registered visited in-project project-submitted project-delivered claim-logged
         claim-verified certified completed"""),
    ],
    ("pkn-ekosistem", "drop-out"): [
        ("197203091996011005",
         "nominated selected registered coached in-action-project dismissed"),
        ("199308122020012005", "nominated not-selected"),
    ],
    ("pkn-ekosistem", "failure"): [
        ("199303152022022002",
         "nominated selected registered coached in-action-project project-submitted failed"),
        ("198903252013011007",
         """nominated selected registered coached in-action-project project-submitted failed
         completed"""),
    ],
    ("jejaring-internasional", "drop-out"): [
        ("196909061999121007", "nominated selected registered abroad course-completed withdrawn"),
        ("199808302022021001", "nominated not-selected"),
    ],
    ("jejaring-internasional", "failure"): [
        ("198708172013031002",
         "nominated selected registered abroad seconded in-project failed"),
        ("198706282009011001",
         """nominated selected registered abroad course-completed seconded in-project
         project-submitted project-delivered certified completed"""),
    ],
}  # fmt: skip


def enrolments(number: str, programme: str) -> list[Enrolment]:
    """What a person came to in a programme, by cohort."""
    return [one for one in profile_of(number).programmes if one.programme == programme]


def reached(enrolment: Enrolment) -> list[str]:
    return [one.state for one in enrolment.states]


def learners_in(path: Path) -> list[str]:
    """The learners of a story, the main one first."""
    found = [e.learner.key for e in samples.events(path) if isinstance(e, LearningEvent)]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("programme", samples.PROGRAMMES)
def test_the_main_person_enters_every_state_in_order(programme: str) -> None:
    (enrolment,) = enrolments(MAIN[programme], programme)
    steps = [state.name for state in tables()[programme] if not state.end]
    assert reached(enrolment) == steps


@pytest.mark.parametrize(
    ("programme", "number", "state"),
    [
        ("talent-academy", "198706252010011004", "project-submitted"),
        ("talent-academy", "199009092014022005", "withdrawn"),
        ("reformer-academy", "198901212011011006", "completed"),
        ("reformer-academy", "198407302008012003", "implementation-delivered"),
        ("learning-marketplace", "199408152024211002", "rated"),
        ("outbound-business-learning", "199001152020122001", "project-submitted"),
        ("pkn-ekosistem", "197509202003121002", "completed"),  # a reissue comes after the end
        ("pkn-ekosistem", "197801282005011001", "project-submitted"),
        ("jejaring-internasional", "199103252016012001", "in-project"),
    ],
)
def test_the_others_of_a_story_are_where_it_leaves_them(
    programme: str, number: str, state: str
) -> None:
    (enrolment,) = enrolments(number, programme)
    assert reached(enrolment)[-1] == state


@pytest.mark.parametrize(("programme", "story"), ENDS)
def test_a_drop_out_and_a_failure_end_as_they_are_told(programme: str, story: str) -> None:
    found = {
        number: [reached(one) for one in enrolments(number, programme)]
        for number in learners_in(samples.story_file(programme, story))
    }
    assert found == {
        number: [states.split() for states in paths] for number, *paths in ENDS[programme, story]
    }
    main, *_ = found.values()
    assert [row.end for row in tables()[programme] if row.name == main[-1][-1]] == [True]


def test_the_drop_outs_and_failures_meet_every_end_that_the_six_tables_have() -> None:
    told_ends = {
        (programme, state)
        for (programme, _), people in ENDS.items()
        for _, *paths in people
        for states in paths
        for state in states.split()
    }
    six = [tables()[programme] for programme in samples.PROGRAMMES]
    assert {row.name for table in six for row in table if row.end} <= {s for _, s in told_ends}
    assert {p for p, state in told_ends if state == "failed"} == set(samples.PROGRAMMES)
