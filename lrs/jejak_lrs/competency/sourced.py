"""The tables of a ruleset's document, each with where its numbers come from."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A frozen table of the document; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sourced(Table):
    """A table that says whose its numbers are."""

    source: str  # the law, or "our default"
    # How sure it is that the source says so; "default": no law does, it is ours to choose.
    certainty: Literal["high", "medium", "low", "default"]
