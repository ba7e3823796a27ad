"""The shared parts of events; docs/contract/types.md is made of them."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from jejak_schemas import sure
from jejak_schemas.wire import (
    ALIAS,
    Code,
    Count,
    Day,
    Id,
    Iri,
    Level,
    Many,
    Names,
    Nip,
    Nrp,
    PartyCode,
    Prose,
    Sha256,
    SignedHundredths,
    TenThousandths,
    Text,
    check_nip,
    check_nrp,
)

Role = Literal[
    "provider",
    "marketplace",
    "agency",
    "assessor",
    "lan",
    "bkn",
    "panrb",
    "anri",
    "bappenas",
    "operator",
]
AliasKind = Literal["nip", "nrp", "old-nip", "bkn-id"]


class Part(BaseModel):
    """A frozen piece of an event; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __init__(self, /, **values: Any) -> None:
        try:
            sure.maker_of(type(self)).validate_python(values, self_instance=self)
        except ValidationError:
            pass  # the ordinary way says whether it is bad, and why
        else:
            return
        super().__init__(**values)

    # So that pydantic makes a part within another, or of an Avro body, as it would without it.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


class PersonRef(Part):
    """A person, by exactly one of `nip`, `nrp`, `person_id`. Its repr hides the number."""

    nip: Nip | None = Field(None, repr=False)
    nrp: Nrp | None = Field(None, repr=False)
    person_id: Id | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.nip is None) + (self.nrp is None) + (self.person_id is None) != 2:  # noqa: PLR2004
            raise PydanticCustomError(
                "person-reference", "needs exactly one of nip, nrp, person_id"
            )
        return self

    @property
    def alias(self) -> tuple[str, str] | None:
        """(kind, value) of the alias used; None where the person_id stands."""
        if self.nip is not None:
            return ("nip", self.nip)
        return ("nrp", self.nrp) if self.nrp is not None else None

    @property
    def key(self) -> str:
        """The reference as a Kafka message key holds it: raw text, no kind."""
        return self.nip or self.nrp or str(self.person_id)


_FORM_OF: Final = {"nip": check_nip, "nrp": check_nrp}


class Alias(Part):
    """A number that names a person, as BKN states it. Its repr hides the number."""

    kind: AliasKind
    value: Annotated[str, Field(min_length=3, max_length=40, pattern=ALIAS)] = Field(repr=False)

    @field_validator("value")
    @classmethod
    def _well_formed(cls, value: str, info: ValidationInfo) -> str:
        check = _FORM_OF.get(info.data.get("kind", ""))
        return check(value) if check else value


class SealedAlias(Part):
    """An alias as a record keeps it: SHA-256(alias salt, kind, value), never the number."""

    kind: AliasKind
    commitment: Sha256


class Activity(Part):
    """What was learnt or done: IRI, name by language tag, type IRI (None: the usual one)."""

    id: Iri
    name: Names
    type: Iri | None = None


@dataclass(frozen=True, slots=True)
class TypedAs:
    """The activity types that an event's object may have, the usual one first."""

    types: tuple[str, ...]

    def __call__(self, activity: Activity) -> Activity:
        """The activity itself; `unknown-code` where it states another type."""
        if activity.type is not None and activity.type not in self.types:
            raise PydanticCustomError("unknown-code", "has a type that this event is not about")
        return activity


class Competency(Part):
    """A competency by IRI, with the level 1..5 that the emitter claims (None: the alignment's)."""

    id: Iri
    claimed_level: Level | None = None


class Score(Part):
    """xAPI's score in scaled integers: `scaled` in 1/10000, the others in 1/100."""

    scaled: TenThousandths | None = None
    raw: SignedHundredths | None = None
    min: SignedHundredths | None = None
    max: SignedHundredths | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        low, high = self.min, self.max
        if low is not None and high is not None and low >= high:
            raise PydanticCustomError("impossible", "min must be below max (xAPI 2.0, Score)")
        if self.raw is not None and (
            (low is not None and self.raw < low) or (high is not None and self.raw > high)
        ):
            raise PydanticCustomError("out-of-range", "raw lies outside min and max")
        return self


class Certificate(Part):
    """A certificate: its number, days of issue and last validity, hash and e-signature state."""

    number: Text
    issued_on: Day
    valid_until: Day | None = None
    sha256: Sha256 | None = None
    signature_status: Literal["valid", "invalid", "absent"] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_until is not None and self.valid_until < self.issued_on:
            raise PydanticCustomError("impossible", "valid_until is before issued_on")
        return self


class LevelText(Part):
    """One level of a competency, and by language what a person at it does."""

    level: Level
    text: Prose


class FrameworkCompetency(Part):
    """A competency as its owner publishes it; `equivalents` are IRIs of earlier versions."""

    id: Iri
    kind: Code
    code: Code
    name: Names
    levels: Annotated[Many[LevelText], Field(max_length=5)] = ()
    equivalents: Annotated[Many[Iri], Field(max_length=20)] = ()


class Requirement(Part):
    """A competency and the level required of it."""

    competency: Iri
    level: Level


class Need(Part):
    """A competency that a plan needs: at which level, in how many people; None where not said."""

    competency: Iri
    level: Level | None = None
    people: Count | None = None


class PlanNode(Part):
    """A node of a development plan: the node it is under, and the competencies it needs."""

    id: Iri
    name: Names
    parent: Iri | None = None
    needs: Annotated[Many[Need], Field(max_length=100)] = ()


class Institution(Part):
    """A party and its name, as the genesis record lists them."""

    code: PartyCode
    name: Text
    roles: Annotated[Many[Role], Field(min_length=1, max_length=10)]
