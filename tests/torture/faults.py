"""The faults: each does its harm, mends it, and returns; the house must recover by itself then."""

import signal
import time
from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Any, Final

import psycopg
from psycopg import sql
from uuid_utils.compat import uuid7

from jejak_schemas import topics
from tests.torture.disks import fill_records_disk, limit_files
from tests.torture.house import LOOPS, House, NotWell, running_process
from tests.torture.traffic import PEOPLE, PROVIDERS, completed, message_of

Fault = Callable[[House, Random], None]

GROUP: Final = "jejak-recorder"
STEPS: Final = {
    "recorder": ("recorder.before-append", "append.before-copy", "append.after-copy",
                 "append.before-commit", "append.after-commit", "recorder.after-append"),
    "projector": ("follower.before-commit", "follower.after-commit"),
    "publisher": ("publisher.before-send", "publisher.after-send", "publisher.after-commit",
                  "follower.before-commit", "follower.after-commit"),
}  # fmt: skip
_ROLES: Final = {"recorder": "jejak_writer", "projector": "jejak_projector",
                 "publisher": "jejak_publisher"}  # fmt: skip


# -- kills ----------------------------------------------------------------------------------


def kill_at_a_moment(loop: str, house: House, chosen: Random) -> None:
    """SIGKILL from outside, wherever it is."""
    time.sleep(chosen.uniform(0, 0.4))
    house.kill(loop)
    house.start(loop)


def kill_at_a_step(loop: str, step: str, house: House, chosen: Random) -> None:
    """SIGKILL to itself at a named point, at its first, second or third pass."""
    house.kill(loop)
    dying = house.start(loop, f"{step}:{chosen.randint(1, 3)}")
    house.dead(dying)
    house.kills += 1
    house.start(loop)


# -- zombies --------------------------------------------------------------------------------


def freeze(loop: str, step: str, house: House, chosen: Random) -> None:
    """SIGSTOP at a named point; another takes over; SIGCONT; the first MUST end by itself."""
    house.kill(loop)
    frozen = house.start(loop, f"{step}:{chosen.randint(1, 2)}:stop")
    try:
        house.frozen(frozen)
        house.start(loop)
        house.recover()
        frozen.thaw()
        if loop == "recorder":
            house.wait(lambda: not frozen.running, 180, "the zombie did not end")
        else:
            house.recover()
    finally:
        house.end(frozen)


def two_recorders(house: House, chosen: Random) -> None:
    """Another recorder, of another group, believes for some seconds that it owns everything.

    The group is new each time: a static member that ended some seconds before its broker was killed
    stood in its group for minutes past its session (seen with Kafka 4.3.1), and whoever joined then
    waited for it.
    """
    twin_group = f"{GROUP}-twin-{chosen.randrange(1_000_000)}"
    twin = house.start_recorder(twin_group, "twin")
    try:
        house.wait(lambda: bool(house.ended) or not twin.running, 120, "nobody was fenced")
        house.recover()
    finally:
        house.end(twin)


def storm(house: House, chosen: Random) -> None:
    """Recorders of other slots join and are killed, again and again."""
    for _ in range(2):
        others = [house.start_recorder(GROUP, f"recorder-{slot}") for slot in (2, 3)]
        time.sleep(chosen.uniform(1, 4))
        for other in others:
            house.end(other)


# -- PostgreSQL -----------------------------------------------------------------------------


def stop_postgres(house: House, chosen: Random) -> None:
    """`pg_ctl stop -m immediate`, and a start after up to two seconds."""
    server = house.up.embedded.postgres
    process = running_process(server.process)
    process.process.send_signal(signal.SIGQUIT)
    house.dead(process)
    time.sleep(chosen.uniform(0, 2))
    server.start()


def end_backend(loop: str, house: House, chosen: Random) -> None:
    """pg_terminate_backend on what the loop is connected to."""
    time.sleep(chosen.uniform(0, 0.4))
    house.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", _ROLES[loop]
    )


def cut_commit(forwarded: bool, house: House, _chosen: Random) -> None:
    """Cut the recorder's line in the middle of COMMIT."""
    cut = house.proxy.cut_commit(forwarded=forwarded)
    house.wait(cut.is_set, 120, "no COMMIT came by")


# -- Kafka ----------------------------------------------------------------------------------


def kill_kafka(seconds: float, house: House, _chosen: Random) -> None:
    """SIGKILL to the broker, and a start after `seconds`."""
    broker = house.up.embedded.kafka
    process = running_process(broker.process).process
    process.kill()
    process.wait()
    away = time.monotonic() + seconds
    house.wait(lambda: time.monotonic() > away, seconds + 1, "the time did not pass")
    broker.launch()
    broker.wait_until_ready(90.0)


# -- what is sent ---------------------------------------------------------------------------


def flood(house: House, chosen: Random) -> None:
    """What was sent lately once more, twice over and in disorder, with garbage between."""
    again = [*house.traffic.recent, *house.traffic.recent]
    chosen.shuffle(again)
    garbage = [
        ((topics.inbox(chosen.choice(PROVIDERS)), b"garbage", chosen.randbytes(40)), None)
        for _ in range(50)
    ]
    house.traffic.deliver([*again[:400], *garbage, *again[400:]])


def two_say_one_id(house: House, chosen: Random) -> None:
    """Two parties give one id to different content, at once, ten times."""
    said = []
    for _ in range(10):
        event_id = uuid7()
        for party in chosen.sample(PROVIDERS, 2):
            event = completed(party, chosen.randrange(PEOPLE), event_id=event_id)
            said.append((message_of(event), event_id))
    house.traffic.deliver(said)


# -- replay ---------------------------------------------------------------------------------


def replay(house: House, chosen: Random) -> None:
    """In a side copy of the ledger all offsets go back to zero, and every inbox is read again."""
    house.traffic.pause()
    for loop in LOOPS:
        house.kill(loop)
    name = f"side_{chosen.randrange(1_000_000)}"
    try:
        with house.superuser("postgres") as connection:
            _copy(connection, name)
        for loop in LOOPS:
            house.start(loop)
        house.traffic.resume()
        _read_again(house, name, chosen)
    finally:
        with house.superuser("postgres") as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


def _copy(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'jejak'"
    )
    connection.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE jejak OWNER jejak_owner").format(sql.Identifier(name))
    )
    connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO jejak_writer").format(sql.Identifier(name))
    )


def _read_again(house: House, name: str, chosen: Random) -> None:
    """Every message MUST come again as a duplicate, and no record twice."""
    with house.superuser(name) as copy:
        (past,) = copy.execute("SELECT next_position FROM ledger_head").fetchall()
        had = dict(copy.execute("SELECT topic || partition, next_offset FROM inbox_offset"))
        copy.execute("UPDATE inbox_offset SET next_offset = 0")
        address = house.up.services.postgres
        secret = house.up.services.secrets.get("postgres-jejak_writer")
        dsn = address.dsn("jejak_writer", secret, name)
        reader = house.start_recorder(f"{GROUP}-{name}", f"side-{chosen.randrange(99)}", dsn)
        try:
            house.wait(lambda: _caught_up(copy, had), 600, "the replay did not end")
        finally:
            house.end(reader)
        _assert_nothing_new(copy, past[0])


def _caught_up(copy: psycopg.Connection[Any], had: Mapping[str, int]) -> bool:
    now = dict(copy.execute("SELECT topic || partition, next_offset FROM inbox_offset"))
    return all(now[place] >= past for place, past in had.items())


def _assert_nothing_new(copy: psycopg.Connection[Any], past: int) -> None:
    """Records past the copy's head are of messages that came after it was made."""
    twice = copy.execute(
        "SELECT count(*) FROM (SELECT 1 FROM record GROUP BY statement_id HAVING count(*) > 1) t"
    ).fetchall()
    again = copy.execute(
        "SELECT count(*) FROM record a JOIN record b USING (source_topic, source_partition,"
        " source_offset) WHERE a.position < %s AND b.position >= %s",
        [past, past],
    ).fetchall()
    if twice != [(0,)] or again != [(0,)]:
        raise NotWell(f"the replay recorded {twice[0][0] + again[0][0]} messages again")


KILLS: Final[Mapping[str, Fault]] = {
    **{f"{loop} killed at a moment": partial(kill_at_a_moment, loop) for loop in LOOPS},
    **{
        f"{loop} killed at {step}": partial(kill_at_a_step, loop, step)
        for loop, steps in STEPS.items()
        for step in steps
    },
}
OTHERS: Final[Mapping[str, Fault]] = {
    **{
        f"recorder frozen at {step}, takeover, thaw": partial(freeze, "recorder", step)
        for step in ("recorder.before-append", "append.before-commit")
    },
    "projector frozen in its transaction, takeover, thaw": partial(
        freeze, "projector", "follower.before-commit"
    ),
    "publisher frozen after sending, takeover, thaw": partial(
        freeze, "publisher", "publisher.after-send"
    ),
    "two recorders own one partition": two_recorders,
    "rebalance storm": storm,
    "PostgreSQL stopped at once": stop_postgres,
    **{f"{loop}'s backend ended": partial(end_backend, loop) for loop in LOOPS},
    "line cut before COMMIT": partial(cut_commit, False),  # noqa: FBT003
    "line cut after COMMIT": partial(cut_commit, True),  # noqa: FBT003
    "disk of the records full": fill_records_disk,
    "disk of PostgreSQL full": limit_files,
    "Kafka killed": partial(kill_kafka, 0.0),
    "Kafka away for a minute": partial(kill_kafka, 60.0),
    "flood of duplicates in disorder": flood,
    "one id, two contents, two parties": two_say_one_id,
    "replay from offset zero": replay,
}
FAULTS: Final = {**KILLS, **OTHERS}
SLOW: Final = {  # over half a minute each, or growing with all that was ever sent
    "projector frozen in its transaction, takeover, thaw",
    "publisher frozen after sending, takeover, thaw",
    "Kafka away for a minute",
    "replay from offset zero",
}
