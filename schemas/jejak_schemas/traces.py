"""Following single events through every process, by OpenTelemetry. Off unless a share is set.

The trace of an event has the event's id: both are 16 bytes. So nothing about a trace has to pass
the ledger, and nothing that a party says is taken over: whoever knows an event knows its trace, and
which events are followed is worked out alike everywhere. Source: docs/decisions/0007.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

TRACEPARENT: Final = "traceparent"  # W3C Trace Context
_RANDOM: Final = 1 << 32  # the bits of a UUIDv7 that no counter uses (RFC 9562, 6.2) are its last
_LOW: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done with one event. `said` MUST NOT hold anything of a person."""

    name: str
    event_id: UUID
    said: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Traces:
    """Makes the spans of a share of all events; of none by default.

    Args:
        share: of the events that are followed, 0 to 1; MUST be the same in every process.
        tracer: makes the spans; None: headers only.
    """

    share: float = 0.0
    tracer: "Tracer | None" = None
    on: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "on", self.share > 0)

    def follows(self, event_id: UUID) -> bool:
        """Whether this event is one of the share."""
        return event_id.int % _RANDOM < self.share * _RANDOM

    def headers(self, event_id: UUID | None) -> tuple[tuple[str, bytes], ...]:
        """What a message about an event carries, so that others can go on with its trace."""
        if not self.on or event_id is None or not self.follows(event_id):
            return ()
        return ((TRACEPARENT, traceparent(event_id).encode()),)

    def begin(self, step: Step, began: int) -> "Span | None":
        """The span of a step that began at a `time.time_ns()`; None where it is not followed."""
        if not self.on or self.tracer is None or not self.follows(step.event_id):
            return None
        from opentelemetry import trace  # noqa: PLC0415  not part of the plain install

        active = trace.get_current_span().get_span_context()  # the caller's own, if it traces
        return self.tracer.start_span(
            step.name,
            context=_trace_of(step.event_id),
            attributes=step.said,
            links=[trace.Link(active)] if active.is_valid else (),
            start_time=began,
        )

    def tell(self, step: Step, began: int) -> None:
        """Make the span of a step that has just ended."""
        span = self.begin(step, began)
        if span is not None:
            span.end()


OFF: Final = Traces()


def traceparent(event_id: UUID) -> str:
    """The W3C header of an event's trace: its id, its last 8 bytes as the parent, sampled."""
    return f"00-{event_id.hex}-{event_id.hex[16:]}-01"


def _trace_of(event_id: UUID) -> "Context":
    """The trace of an event, as if another process had begun it."""
    from opentelemetry import trace  # noqa: PLC0415  not part of the plain install

    root = trace.SpanContext(
        trace_id=event_id.int,
        span_id=event_id.int & _LOW,
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(root))
