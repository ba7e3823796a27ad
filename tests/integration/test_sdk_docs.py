"""The snippets of docs/provider.md do what the page says."""

import io
import re
from pathlib import Path
from uuid import UUID

import pytest

from jejak_producers import Credentials
from jejak_producers.rows import read
from jejak_schemas import codec
from jejak_schemas.events import CourseCompleted
from jejak_schemas.outgoing import Receipt
from jejak_schemas.parts import PersonRef
from tests import services
from tests.brokers import Brokers, recorded

pytestmark = pytest.mark.integration
PAGE = Path(__file__).parents[2] / "docs/provider.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def brokers(kafka: services.Kafka) -> Brokers:
    return Brokers(kafka.operator)


@pytest.fixture
def party(brokers: Brokers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Credentials:
    """The page's party, in a folder with its files."""
    monkeypatch.chdir(tmp_path)
    party = brokers.party("pusdiklat")
    Path("pusdiklat.toml").write_text(party.dump())
    return party


def test_the_first_event_arrives(
    brokers: Brokers, party: Credentials, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = blocks("python")
    exec(compile(first, str(PAGE), "exec"), {})  # noqa: S102  our own page
    said = tuple(map(int, capsys.readouterr().out.split()))
    partition, offset, _, value = brokers.read(str(party.topics.inbox))[-1]
    assert said == (partition, offset)
    event = codec.read(value).event
    assert isinstance(event, CourseCompleted)
    assert event.learner == PersonRef(nip="199104122015032003")


def test_the_second_snippet_gets_its_receipt(
    brokers: Brokers, party: Credentials, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = blocks("python")
    scope: dict[str, object] = {}
    exec(compile(first, str(PAGE), "exec"), scope)  # noqa: S102  our own page
    partition, offset = map(int, capsys.readouterr().out.split())
    # The event emitted next lies right behind; its receipt is there as soon as it is looked for.
    receipt = recorded(1, (str(party.topics.inbox), partition, offset + 1), position=7)
    published = _published_once_open(str(party.topics.receipts), receipt)
    exec(compile(published + second, str(PAGE), "exec"), scope | {"say": brokers.say})  # noqa: S102
    assert capsys.readouterr().out.split() == ["recorded", "7", "None"]


def _published_once_open(topic: str, receipt: Receipt) -> str:
    """Code before the snippet: the receipt comes when the producer has been opened."""
    return f"""
from jejak_schemas import codec
from jejak_schemas.outgoing import Receipt
receipt_ = codec.read_as(Receipt, {codec.encode(receipt)!r})
class Producer(Producer):
    def __init__(self, *args, **rest):
        super().__init__(*args, **rest)
        say({topic!r}, [receipt_])
"""


def test_the_files_of_the_page_are_events() -> None:
    json_rows, csv_rows = blocks("json"), blocks("csv")
    for text, form in ((json_rows[0], "jsonl"), (csv_rows[0], "csv")):
        (line,) = read(io.BytesIO(text.encode()), "page", form)  # type: ignore[arg-type]
        event = line.event()
        assert event.party == "pusdiklat"
        assert isinstance(event.event_id, UUID)
