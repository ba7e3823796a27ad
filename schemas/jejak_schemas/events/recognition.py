"""What is certified, asserted, verified, and taken back."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    Strict,
    StringConstraints,
    model_validator,
)

from jejak_schemas import submission
from jejak_schemas.events.family import Event, LearningEvent, Offered
from jejak_schemas.parts import Certificate, PersonRef
from jejak_schemas.wire import Code, Day, Id, Iri, Level, PartyCode, Text


class ClaimVerified(LearningEvent):
    """The learner's agency confirms what was logged as self-learning."""

    target: Id
    verifier: PersonRef


class CertificateEarned(LearningEvent, Offered):
    """A learner earned a certificate; `verify_at` is where anybody can verify it online."""

    certificate: Certificate
    verify_at: Iri | None = None


class CertificateReissued(LearningEvent):
    """A certificate replaces an earlier one of the same issuer."""

    certificate: Certificate
    replaces: Text
    offering: Iri | None = None


class CertificateRevoked(LearningEvent):
    """A certificate no longer counts from a day on; `issuer` None: the one that says so."""

    number: Text
    effective_on: Day
    reason: Code
    issuer: PartyCode | None = None


class CompetencyAssessed(LearningEvent):
    """An accredited assessor assessed a level."""

    competency: Iri
    level: Level
    method: Code
    valid_until: Day | None = None
    assessor: PersonRef | None = None


class CompetencyAsserted(LearningEvent):
    """An accredited body asserts a level on another basis than an assessment of its own."""

    competency: Iri
    level: Level
    basis: Code
    valid_until: Day | None = None
    assessor: PersonRef | None = None


class CompetencyRevoked(LearningEvent):
    """A stated level no longer counts from a day on; `target` is the statement that stated it."""

    competency: Iri
    target: Id
    effective_on: Day
    reason: Code


class StatementVoided(Event):
    """The emitter takes a statement back; it may arrive before its target."""

    target: Id
    reason: Code


Submitted = Annotated[
    str,
    Strict(),
    StringConstraints(min_length=2, max_length=submission.LONGEST),
    AfterValidator(submission.checked),
    BeforeValidator(
        lambda given: submission.text_of(given) if isinstance(given, Mapping) else given
    ),
]


class StatementSubmitted(Event):
    """A provider's own xAPI 2.0 statement, as JSON text; kept byte for byte but for its agents.

    Persons stand in it as accounts: `{"homePage": "https://w3id.org/jejak/nip", "name": NIP}`,
    or `nrp`, or `person`; the learner is one of them. Its `id` and `timestamp` are the event's.
    """

    learner: PersonRef
    statement: Submitted = Field(repr=False)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        submission.check_agreement(self.statement, self.event_id, self.occurred_at, self.learner)
        return self
