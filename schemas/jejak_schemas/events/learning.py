"""What happens to a learner, from the need to the impact."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from jejak_schemas import iris
from jejak_schemas.events.family import Competencies, Credit, Iris, LearningEvent, Offered, Period
from jejak_schemas.parts import Activity, PersonRef, Score, TypedAs
from jejak_schemas.wire import Code, Count, Day, Iri, Level, Text

Course = Annotated[Activity, AfterValidator(TypedAs((iris.COURSE,)))]
Enrolment = Annotated[Activity, AfterValidator(TypedAs((iris.COURSE, iris.PROGRAMME)))]
Session = Annotated[
    Activity, AfterValidator(TypedAs((iris.MEETING, iris.WEBINAR, iris.CONFERENCE)))
]
Assessment = Annotated[Activity, AfterValidator(TypedAs((iris.ASSESSMENT,)))]
Resource = Annotated[Activity, AfterValidator(TypedAs((iris.RESOURCE,)))]
CommunitySite = Annotated[Activity, AfterValidator(TypedAs((iris.COMMUNITY_SITE,)))]
JobDuty = Annotated[Activity, AfterValidator(TypedAs((iris.JOB_DUTY,)))]
FieldVisit = Annotated[Activity, AfterValidator(TypedAs((iris.FIELD_VISIT,)))]
Project = Annotated[Activity, AfterValidator(TypedAs((iris.PROJECT,)))]
Badge = Annotated[Activity, AfterValidator(TypedAs((iris.BADGE,)))]
Stage = Literal["design", "implementation", "result"]

# -- before learning --------------------------------------------------------------------


class NeedIdentified(LearningEvent):
    """An agency finds that a person needs a competency, at a level."""

    competency: Iri
    required_level: Level
    held_level: Level | None = None
    plan_nodes: Iris = ()


class PlanApproved(LearningEvent, Period):
    """An agency approves a person's learning plan."""

    plan: Iri
    approver: PersonRef | None = None
    competencies: Competencies = ()
    offerings: Iris = ()


class LearningRecommended(LearningEvent, Offered):
    """Someone recommends a course to a person."""

    activity: Course
    reason: Code | None = None


class CandidateNominated(LearningEvent):
    """An agency nominates a person for a programme."""

    programme: Code
    offering: Iri | None = None
    approver: PersonRef | None = None


class CandidateSelected(LearningEvent):
    """A nominated person is selected for a programme."""

    programme: Code
    offering: Iri | None = None
    score: Score | None = None


class CandidateNotSelected(LearningEvent):
    """A nominated person is not selected for a programme."""

    programme: Code
    offering: Iri | None = None
    reason: Code | None = None
    score: Score | None = None


# -- courses and programmes -------------------------------------------------------------


class LearnerRegistered(LearningEvent, Period):
    """A learner is enrolled in a course or programme."""

    activity: Enrolment
    offering: Iri | None = None


class LearnerWithdrew(LearningEvent):
    """A learner gives up an enrolment."""

    activity: Enrolment
    offering: Iri | None = None
    reason: Code | None = None


class LearnerDismissed(LearningEvent):
    """A learner is sent away from a course or programme."""

    activity: Enrolment
    reason: Code
    offering: Iri | None = None


class SessionAttended(LearningEvent, Credit, Offered):
    """A learner attended a meeting, webinar or conference."""

    activity: Session


class AssessmentPassed(LearningEvent, Offered):
    """A learner passed a test."""

    activity: Assessment
    score: Score | None = None


class AssessmentFailed(LearningEvent, Offered):
    """A learner failed a test."""

    activity: Assessment
    score: Score | None = None


class CourseCompleted(LearningEvent, Credit, Offered):
    """A learner completed a course."""

    activity: Course
    score: Score | None = None


class ProgrammeCompleted(LearningEvent, Credit):
    """A learner reached the end of a programme."""

    programme: Code
    offering: Iri | None = None


class ProgrammeFailed(LearningEvent, Period):
    """A learner went through a programme without meeting what it asks for."""

    programme: Code
    offering: Iri | None = None
    reason: Code | None = None


class LearningWaived(LearningEvent):
    """A course need not be taken, because what it teaches is there already."""

    activity: Course
    reason: Code
    offering: Iri | None = None
    approver: PersonRef | None = None


# -- beside courses ---------------------------------------------------------------------


class CoachingHeld(LearningEvent, Credit):
    """A coach or mentor held a session with the learner."""

    coach: PersonRef
    offering: Iri | None = None


class SelfLearningLogged(LearningEvent, Credit, Offered):
    """A person learnt by themselves: a claim until their agency verifies it."""

    activity: Resource


class CommunityContributed(LearningEvent, Credit, Offered):
    """A learner shared something with a community of practice."""

    activity: CommunitySite


class SecondmentStarted(LearningEvent, Credit):
    """A learner begins to work at a host."""

    activity: JobDuty
    host: Text
    offering: Iri | None = None


class SecondmentCompleted(LearningEvent, Credit, Offered):
    """A learner worked at a host to the end of the term."""

    activity: JobDuty
    host: Text


class FieldVisitAttended(LearningEvent, Credit, Offered):
    """A learner visited a host in the field."""

    activity: FieldVisit
    host: Text


class ProjectJoined(LearningEvent, Offered):
    """A learner joined a project."""

    activity: Project


class ProjectSubmitted(LearningEvent, Offered):
    """A learner handed in a stage of a project."""

    activity: Project
    stage: Stage


class ProjectEvaluated(LearningEvent, Offered):
    """A stage of a learner's project was judged."""

    activity: Project
    stage: Stage
    outcome: Code
    rater: PersonRef | None = None
    score: Score | None = None


# -- the marketplace, and what came of learning -------------------------------------------


class BadgeEarned(LearningEvent, Offered):
    """A learner earned a badge."""

    activity: Badge
    valid_until: Day | None = None


class OfferingOrdered(LearningEvent):
    """A learner ordered an offering."""

    offering: Iri


class OrderCancelled(LearningEvent):
    """A learner's order of an offering was cancelled."""

    offering: Iri
    reason: Code | None = None


class LearningRated(LearningEvent):
    """A learner rated a course."""

    activity: Course
    score: Score
    offering: Iri | None = None


class ImpactEvaluated(LearningEvent, Offered):
    """An agency judged what a course changed in a person's work, some time after it."""

    activity: Course
    outcome: Code
    months_after: Annotated[Count, Field(le=120)] | None = None
    rater: PersonRef | None = None
    score: Score | None = None
