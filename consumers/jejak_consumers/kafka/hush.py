"""Which lines of the library's log may be said."""

import logging


def hush() -> None:
    """Drop lines that hold keys and values, and those that say nothing; again does no harm."""
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "kafka":
            logging.getLogger(name).addFilter(_may_be_said)


def _may_be_said(line: logging.LogRecord) -> bool:
    return line.levelno >= logging.INFO and not line.name.startswith("kafka.net.sasl")
