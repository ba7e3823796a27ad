"""What a process logs: JSON lines for programs, plain lines on a terminal."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest
import structlog

from jejak.logbook import open_logbook


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The test process's own logging, as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_each_line_is_one_json_document_that_names_its_loop() -> None:
    sink = io.StringIO()
    open_logbook(sink, loop="recorder")
    structlog.get_logger().info("batch", recorded=3)
    structlog.get_logger().warning("retry", error="a\nb")
    first, second = map(json.loads, sink.getvalue().splitlines())
    assert datetime.fromisoformat(first.pop("timestamp")).tzinfo is not None
    assert first == {"event": "batch", "recorded": 3, "loop": "recorder", "level": "info"}
    assert (second["level"], second["error"]) == ("warning", "a\nb")


def test_what_libraries_say_goes_the_same_way_from_warning_on() -> None:
    sink = io.StringIO()
    open_logbook(sink, loop="publisher")
    logger = logging.getLogger("kafka.somewhere")
    logger.info("a key: 198503122010011002")
    logger.error("no %s", "answer", exc_info=OSError("away"))
    (line,) = map(json.loads, sink.getvalue().splitlines())
    assert (line["event"], line["level"]) == ("no answer", "error")
    assert (line["logger"], line["loop"]) == ("kafka.somewhere", "publisher")
    assert "OSError: away" in line["exception"]


def test_on_a_terminal_a_line_is_for_a_person() -> None:
    sink = Terminal()
    open_logbook(sink, loop="recorder")
    structlog.get_logger().info("batch", recorded=3)
    (line,) = sink.getvalue().splitlines()
    assert not line.startswith("{")
    assert "batch" in line
    assert "recorded" in line
