"""How a process makes its traces: chosen here, once a process. Off unless JEJAK_OTEL_SHARE is set.

Spans go out by OTLP over HTTP; OpenTelemetry's own variables say where, such as
OTEL_EXPORTER_OTLP_ENDPOINT.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from jejak.errors import Misuse
from jejak.framing import settings_file
from jejak.home import Home
from jejak_schemas.traces import OFF, Traces


@contextmanager
def tracing(share: float, process: str) -> Iterator[Traces]:
    """Follow a share of all events; at the end what is left is sent. Misuse where not installed."""
    if share == 0:
        yield OFF
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise Misuse(
            "JEJAK_OTEL_SHARE is set, and OpenTelemetry is not here: pip install 'jejak[otel]'"
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": f"jejak-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield Traces(share, provider.get_tracer("jejak"))
    finally:
        provider.shutdown()


def share_of(home: Home) -> float:
    """The share that is set, for a party's commands; Misuse where it is none."""
    said = os.environ.get("JEJAK_OTEL_SHARE") or settings_file(home).get("otel_share", 0)
    try:
        share = float(said)
    except (TypeError, ValueError):
        share = -1.0
    if not 0 <= share <= 1:
        raise Misuse("setting otel_share: give a number from 0 to 1 (JEJAK_OTEL_SHARE)")
    return share
