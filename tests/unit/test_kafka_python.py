"""What may be said of what kafka-python says."""

import logging

import pytest

from jejak_schemas import kafka_python


@pytest.fixture
def library(request: pytest.FixtureRequest) -> logging.Logger:
    """A logger of the library, one for each test, after `hush`."""
    logger = logging.getLogger(f"kafka.{request.node.name}")
    kafka_python.hush()
    return logger


def said(logger: logging.Logger, words: str, at: float) -> None:
    line = {"name": logger.name, "levelno": logging.WARNING, "msg": words, "created": at}
    logger.handle(logging.makeLogRecord(line))


def test_a_warning_is_said_once_in_ten_seconds(
    library: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    for at, words in ((100, "away"), (101, "away"), (109, "lost"), (109.9, "away"), (110, "away")):
        said(library, words, at)
    assert caplog.messages == ["away", "lost", "away"]
