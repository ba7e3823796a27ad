"""Passwords change while everybody works: nothing is refused, nothing is missed."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import uuid4

import psutil  # type: ignore[import-untyped]
import pytest
from uuid_utils.compat import uuid7

from jejak import running
from jejak.home import Home
from jejak_consumers.subscriber import Subscriber
from jejak_lrs import roles
from jejak_producers import Producer, WrongUserOrPassword
from jejak_producers.delivery import Awaited
from jejak_schemas.credentials import OTHER_SCRAM, SCRAM, Credentials
from jejak_schemas.events import CourseCompleted
from jejak_schemas.parts import Activity, PersonRef
from tests.e2e.conftest import Jejak, Played
from tests.waiting import until

PARTY, AGENCY = "fia-ui", "8410"
BUDI = PersonRef(nip="198811032012121001")  # of the nation's cast


def course(number: int) -> CourseCompleted:
    place = f"https://fia-ui.example/{uuid4()}"
    return CourseCompleted(
        event_id=uuid7(), party=PARTY, occurred_at=datetime(2026, 11, 20, 2, tzinfo=UTC),
        learner=BUDI, activity=Activity(id=place, name={"id": f"Kursus {number}"}),
    )  # fmt: skip


def said(producer: Producer, count: int) -> Iterator[Awaited]:
    """Hand over some events, and wait for none."""
    for number in range(count):
        yield producer.emit(course(number), wait="receipt")


def cut(home: Home) -> None:
    """End every line of this process to the brokers, as a network would."""
    servers = Credentials.load(home.credentials_file(PARTY)).kafka.bootstrap_servers
    port = int(servers.rpartition(":")[2])
    for line in psutil.Process().net_connections("tcp"):
        if line.raddr and line.raddr.port == port:
            with socket.socket(fileno=os.dup(line.fd)) as one, suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def test_a_party_goes_on_sending_while_its_password_changes(played: Played, jejak: Jejak) -> None:
    home = played.stage.home
    path = home.credentials_file(PARTY)
    old = handed(Credentials.load(path))
    with Producer(path) as producer:
        awaited = list(said(producer, 20))
        assert jejak("credentials", "rotate", PARTY).code == 0
        awaited += said(producer, 20)
        cut(home)
        awaited += said(producer, 20)
        with Producer(old, receipts=False):
            pass  # the old file holds until it is retired
        assert jejak("credentials", "retire", PARTY).code == 0
        cut(home)
        awaited += said(producer, 20)
        receipts = [one.result(timeout=60) for one in awaited]
    assert {receipt.outcome for receipt in receipts} == {"recorded"}
    with pytest.raises(WrongUserOrPassword):
        Producer(old, receipts=False)
    assert Credentials.load(path).kafka.sasl_mechanism == OTHER_SCRAM
    assert jejak("credentials", "rotate", PARTY, "--at-once").code == 0
    with Producer(path, receipts=False):
        pass


def handed(credentials: Credentials) -> Credentials:
    """The same, kept in no file: what was handed out before stays as it was."""
    return Credentials.model_validate(credentials.model_dump())


def test_an_agency_goes_on_reading_while_its_password_changes(
    played: Played, jejak: Jejak, tmp_path: Path
) -> None:
    home = played.stage.home
    path = home.credentials_file(AGENCY)
    with Subscriber(path, tmp_path / "whole") as subscriber:
        whole = [change.number for change in subscriber.changes(patience=2.0)]
    with Subscriber(path, tmp_path / "rotated") as subscriber:
        changes = subscriber.changes(patience=5.0)
        read = [change.number for change in islice(changes, 3)]
        for act in ("rotate", "retire", "rotate", "retire"):
            assert jejak("credentials", act, AGENCY).code == 0
            cut(home)
            read += [change.number for change in islice(changes, 2)]
        read += [change.number for change in changes]
    assert read == whole
    assert Credentials.load(path).kafka.sasl_mechanism == SCRAM


def test_the_loops_go_on_while_their_own_passwords_change(played: Played, jejak: Jejak) -> None:
    home = played.stage.home
    with Producer(home.credentials_file(PARTY)) as producer:
        awaited = list(said(producer, 5))
        assert jejak("credentials", "rotate", "--own").code == 0
        with closing(played.connect_superuser()) as superuser:
            superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY(%s)",
                [list(roles.LOGINS)],
            )
        for each in running.written_down(home):
            if each.name in ("recorder", "publisher") and each.process is not None:
                each.process.kill()
        awaited += said(producer, 5)
        until(lambda: played.stage.tend() or all(one.done() for one in awaited))  # type: ignore[func-returns-value]
        assert {one.result().outcome for one in awaited} == {"recorded"}
    played.catch_up()
