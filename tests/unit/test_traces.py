"""An event's trace has the event's id, wherever a span of it is made."""

import gzip
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from uuid_utils.compat import uuid7

from jejak.errors import Misuse
from jejak.home import Home
from jejak.tracing import share_of, tracing
from jejak_schemas.traces import OFF, Step, Traces, traceparent

EVENT = UUID("019d2e85-9680-7bfb-be81-58eadb8d70eb")


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(spans: InMemorySpanExporter) -> TracerProvider:
    made = TracerProvider()
    made.add_span_processor(SimpleSpanProcessor(spans))
    return made


def test_a_span_is_in_the_trace_that_has_the_events_id(
    spans: InMemorySpanExporter, provider: TracerProvider
) -> None:
    began = time.time_ns() - 5_000
    traces = Traces(1.0, provider.get_tracer("test"))
    traces.tell(Step("jejak record", EVENT, {"jejak.position": 7}), began)
    (span,) = spans.get_finished_spans()
    assert UUID(int=span.context.trace_id) == EVENT
    assert (span.name, span.start_time) == ("jejak record", began)
    assert span.end_time is not None
    assert span.end_time >= began + 5_000
    assert dict(span.attributes or {}) == {"jejak.position": 7}


def test_the_header_leads_standard_tools_to_the_same_trace_and_parent(
    spans: InMemorySpanExporter, provider: TracerProvider
) -> None:
    tracer = provider.get_tracer("test")
    read = TraceContextTextMapPropagator().extract({"traceparent": traceparent(EVENT)})
    tracer.start_span("theirs", context=read).end()
    Traces(1.0, tracer).tell(Step("ours", EVENT), time.time_ns())
    theirs, ours = spans.get_finished_spans()
    assert theirs.context.trace_id == ours.context.trace_id == EVENT.int
    assert theirs.parent is not None
    assert ours.parent is not None
    assert theirs.parent.span_id == ours.parent.span_id
    assert traceparent(EVENT) == "00-019d2e8596807bfbbe8158eadb8d70eb-be8158eadb8d70eb-01"


def test_the_callers_own_trace_is_linked(
    spans: InMemorySpanExporter, provider: TracerProvider
) -> None:
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("an LMS") as caller:
        Traces(1.0, tracer).tell(Step("jejak emit", EVENT), time.time_ns())
    ours, _ = spans.get_finished_spans()
    assert [link.context for link in ours.links] == [caller.get_span_context()]


def test_a_share_of_events_is_followed_the_same_ones_everywhere() -> None:
    events = [uuid7() for _ in range(4_000)]
    some = {event for event in events if Traces(0.25).headers(event)}
    assert 800 < len(some) < 1_200
    assert some == {event for event in events if Traces(0.25).follows(event)}
    assert some < {event for event in events if Traces(0.5).headers(event)}
    assert all(Traces(1.0).headers(event) for event in events)


def test_off_nothing_is_made(spans: InMemorySpanExporter, provider: TracerProvider) -> None:
    traces = Traces(0.0, provider.get_tracer("test"))
    traces.tell(Step("jejak record", EVENT), time.time_ns())
    assert (traces.headers(EVENT), OFF.headers(EVENT), OFF.on) == ((), (), False)
    assert Traces(1.0).headers(None) == ()  # a message that could not be read
    assert spans.get_finished_spans() == ()


def test_off_opentelemetry_is_not_even_imported() -> None:
    program = (
        "import sys; from jejak.tracing import tracing\n"
        "with tracing(0.0, 'recorder') as traces: assert not traces.on\n"
        "import jejak_producers, jejak.loops\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_on_without_the_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(Misuse, match=r"jejak\[otel\]"), tracing(0.5, "recorder"):
        pass


def test_a_partys_commands_read_the_share_from_environment_and_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    assert share_of(home) == 0
    home.settings_file.write_text("otel_share = 0.5\n")
    assert share_of(home) == 0.5
    monkeypatch.setenv("JEJAK_OTEL_SHARE", "1")
    assert share_of(home) == 1
    for bad in ("much", "2", "-1", "nan"):
        monkeypatch.setenv("JEJAK_OTEL_SHARE", bad)
        with pytest.raises(Misuse, match="JEJAK_OTEL_SHARE"):
            share_of(home)


class Collector(BaseHTTPRequestHandler):
    """Takes what an exporter posts."""

    posted: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.posted.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_on_spans_go_where_opentelemetrys_own_variables_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        with tracing(1.0, "recorder") as traces:
            traces.tell(Step("jejak record", EVENT), time.time_ns())
        server.shutdown()
    ((path, body),) = Collector.posted
    assert path == "/v1/traces"
    assert EVENT.bytes in body
    assert b"jejak-recorder" in body
