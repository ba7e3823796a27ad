"""How a process says what it does: a line of JSON each, or lines for a person on a terminal.

What libraries log goes the same way, from WARNING on: what they say below that may quote messages.
"""

import logging
import sys
from typing import TextIO

import structlog
from structlog.processors import format_exc_info
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def open_logbook(sink: TextIO | None = None, **about: str) -> None:
    """Write this process's lines to `sink`, or standard output; `about` stands in each of them."""
    sink = sink or sys.stdout
    last: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if sink.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.contextvars.bind_contextvars(**about)
    structlog.configure(
        processors=[*_SHARED, last], logger_factory=structlog.PrintLoggerFactory(sink)
    )
    handler = logging.StreamHandler(sink)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_SHARED, format_exc_info],
            processors=[ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
