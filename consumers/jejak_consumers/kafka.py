"""The only module of this package that knows kafka-python (exactly 3.0.12; it has no type stubs).

It gives the ports of `messages` their real form. Make these objects after a fork: the library's
threads do not survive one. Traps of the library met here (each tried):
- a wrong password ends as `KafkaTimeoutError: Unable to bootstrap`, as if nobody listened, because
  what the broker says together with the end of the connection is lost: `_Connections` hears it,
  remembers how the last connection failed, and ends the wait at once;
- a group member throws away a join that ends between two polls, or forgets that it is joining and
  then spins without ever reading: `_keep_joins`;
- a static member whose place was taken is not told: `KafkaInboxReader._require_place`;
- an admin client asks the broker that knew of a group, though another does by now: `_Describer`;
- rebalance listeners run on the library's own thread, where a blocking call of the consumer is
  refused and waiting stops the heartbeats, and what they raise is only logged: `_Listener`;
- `commit_transaction` waits without an end, and a producer's `close` flushes first, and where it
  cannot, raises and leaves its thread running: `KafkaOutbox`;
- a transactional request whose coordinator is away when its turn comes is forgotten, and the
  producer spins without sending until the delivery's time is over: `_Network`;
- a topic that is not there looks like brokers that are away: `KafkaOutbox._need`;
- at DEBUG it logs keys and values, which hold NIPs, and at every sign-in on loopback a warning:
  `_hush` drops those lines.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import kafka
from kafka import errors as theirs
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.record import memory_records
from kafka.structs import OffsetAndMetadata
from kafka.structs import TopicPartition as TheirPartition

from jejak_consumers import errors
from jejak_consumers.messages import (
    Feed,
    InboxReader,
    Message,
    Outbox,
    Post,
    Reported,
    TopicPartition,
)
from jejak_schemas import topics
from jejak_schemas.credentials import CredentialsError, KafkaAccess, refused_certificate

RECORDERS: Final = "jejak-recorder"  # the group, for lag displays and the division of partitions
PUBLISHER: Final = "jejak-publisher"  # the transactional ids
NOTARY: Final = "jejak-notary"

PATIENCE: Final = 10.0  # seconds until a connection counts as not to be had
_DELIVERY: Final = 20.0  # seconds until a message counts as not delivered
_TRANSACTION: Final = 40.0  # seconds until the brokers abort what a killed publisher left open
_CLOSE: Final = 5.0
_PACE: Final = 100  # milliseconds between two looks for a node that is away
_LARGEST: Final = 8 * 1024 * 1024  # bytes of a request, so of a profile; the topics allow as much
_MOST: Final = 1_000  # messages a poll, in a feed
_FETCHED: Final = 16 * 1024 * 1024  # bytes a fetch, in an inbox: what a recorder holds unread

_SIGN_IN = (theirs.SaslAuthenticationFailedError, theirs.UnsupportedSaslMechanismError)
_CUT_OFF = (
    theirs.ProducerFencedError,
    theirs.InvalidProducerEpochError,
    theirs.TransactionCoordinatorFencedError,
)
_SLOT_TAKEN = (
    "another recorder with this slot has taken over; give each process a slot of its own "
    "(jejak run recorder --slot N)"
)
_Tell = Callable[[Iterable[TopicPartition]], None]


class _Connections(KafkaConnectionManager):  # type: ignore[misc]  # the library is untyped
    """Connections that remember how the last one failed."""

    failure: Exception | None = None
    access: KafkaAccess

    async def _build_transport(self, *args: Any, **kwargs: Any) -> Any:
        transport = await super()._build_transport(*args, **kwargs)
        receive = transport._sock_recv  # noqa: SLF001  no other seam

        def receive_all() -> tuple[bytes, Exception | None]:
            # A refusal and the end of the connection come together; the library drops the first.
            received, error = receive()
            return received, None if received else error

        transport._sock_recv = receive_all  # noqa: SLF001
        return transport

    async def _connect(self, node: Any, conn: Any, *args: Any, **kwargs: Any) -> None:
        self._renew_login(conn)
        await super()._connect(node, conn, *args, **kwargs)
        self.failure = conn.init_future.exception
        # The library raises a remembered refusal at its next attempt, but never remembers one.
        refused = isinstance(self.failure, _SIGN_IN) or refused_certificate(self.failure)
        if refused and self.cluster.is_bootstrap(node.node_id):
            self._auth_failures[node.node_id] = self.failure

    def _renew_login(self, conn: Any) -> None:
        """Sign in with what the file of the credentials says now."""
        with contextlib.suppress(CredentialsError):  # a file that is being replaced
            login = self.access.now().login()
            self.config.update(login)
            conn.config.update({key: login[key] for key in login.keys() & conn.config.keys()})


class _Network(KafkaNetClient):  # type: ignore[misc]
    """Says that a node is away, where the library raises: only so does a producer ask again."""

    def await_ready(self, node_id: Any, timeout_ms: int = 30_000) -> bool:
        """Whether a connection to a node is ready, or got so within the time."""
        try:
            return bool(super().await_ready(node_id, timeout_ms=timeout_ms))
        except theirs.KafkaConnectionError:
            self.poll(timeout_ms=_PACE)  # it is asked again at once
            return False


class Line:
    """The line of one client to the brokers: makes the client, and says what is wrong with it.

    Args:
        access: whom to sign in as, and where.
        patience: seconds to try for.
    """

    def __init__(self, access: KafkaAccess, patience: float) -> None:
        self._access = access
        self._patience = patience
        self._network: Any = None
        self._connections: _Connections | None = None

    def open(self, make: Callable[..., Any], **settings: Any) -> Any:
        """A client of the library, connected.

        Raises:
            BrokersAway: none answered in time.
            WrongLogin: one answered, and refused us.
        """
        _hush()
        with self.explained():
            try:
                return make(
                    **_login(self._access),
                    kafka_client=self._connect,
                    bootstrap_timeout_ms=_ms(self._patience),
                    **settings,
                )
            except BaseException:
                self._discard()
                raise

    @property
    def stands(self) -> bool:
        """Whether a connection is open. Idle lines stay: metadata is asked for more often."""
        held = self._connections
        return held is not None and any(one.connected for one in list(held._conns.values()))  # noqa: SLF001

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Raise what the library raises as one of `errors`."""
        try:
            yield
        except (theirs.KafkaError, OSError) as exc:
            raise self._of(exc) from exc

    def _connect(self, **settings: Any) -> Any:
        net = NetworkSelector(**settings)
        self._connections = _Connections(net, **settings)
        self._connections.access = self._access
        self._network = _Network(net=net, manager=self._connections)
        return self._network

    def _discard(self) -> None:
        """Close what a constructor that raised has left open."""
        if self._network is not None:
            with contextlib.suppress(Exception):
                self._network.close()

    def _of(self, exc: BaseException) -> errors.LoopError:
        where, user = self._access.bootstrap_servers, self._access.username
        failure = self._connections.failure if self._connections else None
        if why := refused_certificate(failure):
            return errors.WrongLogin(
                f"certificate not accepted by the broker: {where} refused that of {user} ({why})"
            )
        if isinstance(exc, _SIGN_IN) or isinstance(failure, _SIGN_IN):
            return errors.WrongLogin(f"{where} refused {user}: wrong user or password")
        if isinstance(exc, theirs.AuthorizationError):
            return errors.NotAllowed(f"user {user} may not do this ({type(exc).__name__})")
        if isinstance(exc, theirs.FencedInstanceIdError):
            return errors.Superseded(_SLOT_TAKEN)
        if isinstance(exc, _CUT_OFF):
            return errors.Superseded(f"another copy has taken over ({type(exc).__name__})")
        if isinstance(exc, theirs.OffsetOutOfRangeError | theirs.LogTruncationError):
            return _out_of_range(exc)
        if isinstance(exc, theirs.RetriableError | OSError):
            why = f": {failure}" if failure else f" ({type(exc).__name__})"
            return errors.BrokersAway(f"no answer from Kafka at {where}{why}")
        return errors.Fatal(f"Kafka at {where}: {type(exc).__name__}")


class KafkaInboxReader(InboxReader):
    """A member of the recorders' group.

    Args:
        access: the recorder's login.
        slot: which of the recorders this is; a new process of the same slot takes the place of
            the old one at once (static membership) and cuts it off.
        session: seconds until a silent recorder loses its partitions.
        patience: seconds until the brokers count as away.
    """

    def __init__(
        self, access: KafkaAccess, slot: str, session: float = 10.0, patience: float = PATIENCE
    ) -> None:
        _read_every_header()
        self._access = access
        self._patience = patience
        self._line = Line(access, patience)
        self._client = self._line.open(
            kafka.KafkaConsumer,
            group_id=RECORDERS,
            group_instance_id=slot,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_bytes=_FETCHED,
            max_partition_fetch_bytes=_FETCHED // 4,  # so that one poll brings several batches
            partition_assignment_strategy=[CooperativeStickyAssignor],
            metadata_max_age_ms=5_000,  # else a new inbox is unseen for minutes
            session_timeout_ms=_ms(session),
            heartbeat_interval_ms=_ms(session / 4),
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        _keep_joins(self._client._coordinator)  # noqa: SLF001  see there
        self._listener: _Listener | None = None
        self._describer: _Describer | None = None

    def subscribe(self, on_assigned: _Tell, on_lost: _Tell) -> None:
        """Join the group at the next poll.

        The call-backs run inside `poll` and `close`, while the caller waits, but on the library's
        thread: they may keep accounts, `seek` and `pause`, and MUST give every assigned partition
        a place by `seek`. What they raise, `poll` raises.
        """
        self._listener = _Listener(on_assigned, on_lost)
        pattern = "^" + topics.INBOX_PREFIX.replace(".", r"\.")
        self._client.subscribe(pattern=pattern, listener=self._listener)

    def poll(self, seconds: float, most: int) -> Mapping[TopicPartition, Sequence[Message]]:
        """Messages that came, at most `most`; empty after `seconds` without any."""
        try:
            with self._line.explained():
                found = self._client.poll(timeout_ms=_ms(seconds), max_records=most)
        finally:
            if self._listener is not None:
                self._listener.raise_trouble()
        self._require_place()
        return {
            TopicPartition(*where): [_message(record) for record in records]
            for where, records in found.items()
        }

    def seek(self, where: TopicPartition, offset: int) -> None:
        """Read `where` from `offset` on; does nothing where it is not ours any more."""
        with contextlib.suppress(ValueError, KeyError):
            self._client.seek(_theirs(where), offset)

    def pause(self, where: TopicPartition) -> None:
        """Stop reading one partition, and stay its owner."""
        with contextlib.suppress(KeyError):
            self._client.pause(_theirs(where))

    def resume(self, where: TopicPartition) -> None:
        """Read it again."""
        with contextlib.suppress(KeyError):
            self._client.resume(_theirs(where))

    def bounds(self, asked: Iterable[TopicPartition]) -> Mapping[TopicPartition, tuple[int, int]]:
        """Of each, the first offset still kept and the next one to be written; two requests."""
        found = _bounds(self._line, self._client, list(map(_theirs, asked)), self._patience)
        return {TopicPartition(*where): bounds for where, bounds in found.items()}

    def topic_ids(self, topics: Iterable[str]) -> Mapping[str, UUID]:
        """Kafka's ids of those topics that exist, from a request sent now."""
        return self._asking().topic_ids(topics)

    def ends(self) -> Mapping[TopicPartition, int]:
        """The next offset to be written to each partition, as the last fetch said; asks nobody."""
        owned = self._client.assignment()
        known = {TopicPartition(*where): self._client.highwater(where) for where in owned}
        return {where: end for where, end in known.items() if end is not None}

    def connected(self) -> bool:
        """Whether a line to a broker stands."""
        return self._line.stands

    def report(self, recorded: Mapping[TopicPartition, Reported]) -> None:
        """Commit offsets to the group, each with its life as metadata, without waiting."""
        given = {
            _theirs(at): OffsetAndMetadata(told.next_offset, told.life, -1)
            for at, told in recorded.items()
        }
        with contextlib.suppress(theirs.KafkaError):
            self._client.commit_async(given, callback=_ignore)

    def reported(self) -> Mapping[TopicPartition, Reported]:
        """What the group was told, by any of its members, of any partition."""
        return self._asking().reported()

    def close(self) -> None:
        """End. A static member keeps its partitions until its session ends."""
        if self._describer is not None:
            self._describer.close()
        with contextlib.suppress(theirs.KafkaError):
            self._client.close(autocommit=False, timeout_ms=_ms(_CLOSE))

    def _asking(self) -> "_Describer":
        if self._describer is None:
            self._describer = _Describer(self._access, self._patience)
        return self._describer

    def _require_place(self) -> None:
        """Raise Superseded where a new process of this slot has taken our place in the group.

        The library only logs it, stops the heartbeats, and would read on for ever: a member that
        is settled and yet sends no heartbeat.
        """
        member = self._client._coordinator  # noqa: SLF001  nothing public tells
        if member.stable() and not member.rejoining and not member._heartbeat_enabled:  # noqa: SLF001
            raise errors.Superseded(_SLOT_TAKEN)


def _keep_joins(coordinator: Any) -> None:
    """Use every join that succeeds.

    The library throws away one that ends between two polls and joins again, which makes all others
    join again: members that are busy between polls can go on so for ever (seen: 14 rounds in 20 s).
    And where a new topic was the reason, it takes the reason for settled once it has asked to join:
    should that poll end before the answer comes, no later one fetches it, and the member waits
    without heartbeats, at full speed, for good. So a join is needed until it is complete.
    """
    join, completed = coordinator._do_join_and_sync_async, coordinator._on_join_complete_async  # noqa: SLF001
    kept: list[bytes] = []

    async def join_once() -> bytes:
        coordinator.rejoin_needed = True  # the library clears it when the join is complete
        if not kept:
            kept.append(await join())
        return kept[0]

    async def complete(*joined: Any) -> None:
        kept.clear()
        await completed(*joined)

    coordinator._do_join_and_sync_async = join_once  # noqa: SLF001
    coordinator._on_join_complete_async = complete  # noqa: SLF001


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells of partitions, and keeps what the telling raised for the thread that polls."""

    def __init__(self, on_assigned: _Tell, on_lost: _Tell) -> None:
        self._on_assigned = on_assigned
        self._on_lost = on_lost
        self._trouble: Exception | None = None

    def on_partitions_assigned(self, assigned: Iterable[TheirPartition]) -> None:
        self._tell(self._on_assigned, assigned)

    def on_partitions_revoked(self, revoked: Iterable[TheirPartition]) -> None:
        self._tell(self._on_lost, revoked)

    def on_partitions_lost(self, lost: Iterable[TheirPartition]) -> None:
        self._tell(self._on_lost, lost)

    def raise_trouble(self) -> None:
        """Raise what a call-back raised since the last time."""
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble

    def _tell(self, told: _Tell, partitions: Iterable[TheirPartition]) -> None:
        try:
            told([TopicPartition(*where) for where in sorted(partitions)])
        except Exception as exc:  # noqa: BLE001  the library would log it and go on
            self._trouble = exc


class _Describer:
    """Asks the brokers now; a consumer answers from what it remembers.

    By a client that ends at its first failure: it remembers for ever which broker knows of a group
    and, where another has taken that over, would ask the wrong one for ever.
    """

    def __init__(self, access: KafkaAccess, patience: float) -> None:
        self._patience = patience
        self._line = Line(access, patience)
        self._client: Any = None

    def topic_ids(self, names: Iterable[str]) -> Mapping[str, UUID]:
        """The ids of those topics that exist and may be seen."""
        with self._asking() as client:
            found = client.describe_topics(sorted(set(names)))
        return {
            topic["name"]: UUID(str(topic["topic_id"]))
            for topic in found
            if topic["error_code"] == 0
        }

    def reported(self) -> Mapping[TopicPartition, Reported]:
        """The group's offsets and their metadata."""
        with self._asking() as client:
            found = client.list_group_offsets({RECORDERS: None})[RECORDERS]
        return {
            TopicPartition(*where): Reported(told.offset, told.metadata or "")
            for where, told in found.items()
        }

    def close(self) -> None:
        """End."""
        ended, self._client = self._client, None
        if ended is not None:
            with contextlib.suppress(theirs.KafkaError):
                ended.close()

    @contextlib.contextmanager
    def _asking(self) -> Iterator[Any]:
        if self._client is None:
            self._client = self._line.open(
                kafka.KafkaAdminClient, request_timeout_ms=_ms(self._patience)
            )
        try:
            with self._line.explained():
                yield self._client
        except errors.LoopError:
            self.close()
            raise


class KafkaOutbox(Outbox):
    """A writer under a fixed transactional id, the publisher's if no other is named.

    Opening it cuts off whoever had that id and aborts what it left open. Content never rests on
    the transaction: it only hides half a batch from readers of committed messages.
    """

    def __init__(
        self, access: KafkaAccess, patience: float = PATIENCE, writer: str = PUBLISHER
    ) -> None:
        self._access = access
        self._patience = patience
        self._line = Line(access, patience)
        self._client = self._line.open(
            kafka.KafkaProducer,
            transactional_id=writer,
            transaction_timeout_ms=_ms(_TRANSACTION),
            acks="all",
            linger_ms=5,
            batch_size=256 * 1024,
            max_request_size=_LARGEST,
            max_block_ms=_ms(patience),
            delivery_timeout_ms=_ms(_DELIVERY),
            request_timeout_ms=_ms(_DELIVERY / 2),
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        self._needed: set[str] = set()
        try:
            with self._line.explained():
                self._client.init_transactions()
        except BaseException:
            self.close()
            raise

    def send(self, posts: Sequence[Post]) -> None:
        """Begin a transaction and send; returns once the brokers have acknowledged every one."""
        self._need({post.topic for post in posts})
        with self._line.explained():
            self._client.begin_transaction()
            sent = [
                self._client.send(
                    post.topic, post.value, post.key, headers=list(post.headers), partition=0
                )
                for post in posts
            ]
            deadline = time.monotonic() + _DELIVERY
            for future in sent:
                future.get(timeout=max(0.0, deadline - time.monotonic()))

    def commit(self) -> None:
        """Make them visible to readers of committed messages."""
        with self._line.explained():
            _within(_DELIVERY, self._client.commit_transaction)

    def connected(self) -> bool:
        """Whether a line to a broker stands."""
        return self._line.stands

    def close(self) -> None:
        """End at once: what was not acknowledged is not sent any more."""
        sender = self._client._sender  # noqa: SLF001  its public close would flush
        sender.force_close()
        sender.join(_CLOSE)
        with contextlib.suppress(theirs.KafkaError):
            self._client.close(timeout=0)

    def _need(self, names: set[str]) -> None:
        """Say which topic is missing, where the library would only wait for it."""
        if new := names - self._needed:
            describer = _Describer(self._access, self._patience)
            try:
                found = describer.topic_ids(new)
            finally:
                describer.close()
            if missing := new - found.keys():
                raise errors.NotAllowed(
                    f"user {self._access.username} cannot see {', '.join(sorted(missing))}: "
                    "not there, or not allowed"
                )
            self._needed |= new
            # All at once. For each that is new to it the library would ask and wait, at its first
            # message: minutes where a thousand parties are told, and then a publisher starts again.
            for name in new:
                self._client._sender.add_topic(name)  # noqa: SLF001


class KafkaFeed(Feed):
    """A topic's only partition, committed messages only. MUST be sought before it is polled."""

    def __init__(self, access: KafkaAccess, topic: str, patience: float = PATIENCE) -> None:
        self._where = TheirPartition(topic, 0)
        self._patience = patience
        self._line = Line(access, patience)
        self._client = self._line.open(
            kafka.KafkaConsumer,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            allow_auto_create_topics=False,
            max_poll_records=_MOST,
            metrics_enabled=False,
        )
        self._client.assign([self._where])

    def bounds(self) -> tuple[int, int]:
        """The first offset still kept, and the next one that a reader will see."""
        return _bounds(self._line, self._client, [self._where], self._patience)[self._where]

    def seek(self, offset: int) -> None:
        """Read on from `offset`."""
        self._client.seek(self._where, offset)

    def position(self) -> int:
        """The offset that is read next."""
        with self._line.explained():
            return int(self._client.position(self._where, timeout_ms=_ms(self._patience)))

    def poll(self, seconds: float) -> Sequence[Message]:
        """Messages that came, in order; empty after `seconds` without any."""
        with self._line.explained():
            found = self._client.poll(timeout_ms=_ms(seconds))
        return [_message(record) for record in found.get(self._where, ())]

    def close(self) -> None:
        """End."""
        with contextlib.suppress(theirs.KafkaError):
            self._client.close(autocommit=False, timeout_ms=_ms(_CLOSE))


def _login(access: KafkaAccess) -> dict[str, Any]:
    """The credentials file's part in the library's words."""
    settings: dict[str, Any] = {
        "bootstrap_servers": [one.strip() for one in access.bootstrap_servers.split(",")],
        "security_protocol": access.security_protocol,
        "client_id": f"jejak-{access.username}",
        "reconnect_backoff_max_ms": 1_000,
    }
    return settings | access.login()


def _bounds(
    line: Line, client: Any, asked: Sequence[TheirPartition], patience: float
) -> dict[TheirPartition, tuple[int, int]]:
    if not asked:
        return {}
    with line.explained():
        firsts = client.beginning_offsets(asked, timeout_ms=_ms(patience))
        ends = client.end_offsets(asked, timeout_ms=_ms(patience))
    return {where: (int(firsts[where]), int(ends[where])) for where in asked}


def _message(record: Any) -> Message:
    return Message(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        record.timestamp,
    )


def _theirs(where: TopicPartition) -> TheirPartition:
    return TheirPartition(where.topic, where.partition)


def _out_of_range(exc: theirs.KafkaError) -> errors.LoopError:
    """Both errors carry what they are about by partition, as their first argument."""
    about = exc.args[0] if exc.args else None
    if not isinstance(about, Mapping) or not about:
        return errors.Fatal(f"Kafka: {type(exc).__name__}")
    where, offset = next(iter(about.items()))
    what = f"its log does not hold offset {offset}"
    return errors.OffsetOutOfRange(TopicPartition(*where), what)


def _within(seconds: float, act: Callable[[], object]) -> None:
    """Run what could wait for ever, for at most `seconds`."""
    raised: list[BaseException] = []

    def attempt() -> None:
        try:
            act()
        except BaseException as exc:  # noqa: BLE001  raised again by the caller
            raised.append(exc)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise theirs.KafkaTimeoutError(f"no answer in {seconds:.0f} s")
    if raised:
        raise raised[0]


class _EscapedName(bytes):
    """Bytes whose `decode` never fails: what is not UTF-8 stands escaped, with a backslash."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return _EscapedName(found) if isinstance(key, slice) else found

    def decode(self, *_: Any) -> str:
        return super().decode("utf-8", "backslashreplace")


class _Records(memory_records.DefaultRecordBatch):  # type: ignore[misc]
    """Reads a header whose name is not UTF-8, where the library calls the whole batch corrupt.

    Anybody can send one, and no message may hold up its partition.
    """

    _pos: int
    _buffer: Any

    def _read_msg(self, *rest: Any) -> Any:
        start, buffer = self._pos, self._buffer
        try:
            return super()._read_msg(*rest)
        except UnicodeDecodeError:
            self._pos, self._buffer = start, _EscapedName(buffer)
            try:
                return super()._read_msg(*rest)
            finally:
                self._buffer = buffer


def _read_every_header() -> None:
    memory_records.DefaultRecordBatch = _Records


def _hush() -> None:
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "kafka":
            logging.getLogger(name).addFilter(_may_be_said)


def _may_be_said(line: logging.LogRecord) -> bool:
    return line.levelno >= logging.INFO and not line.name.startswith("kafka.net.sasl")


def _ignore(_offsets: object, _answer: object) -> None:
    """A commit for display failed or not: nothing rests on it."""


def _ms(seconds: float) -> int:
    return int(seconds * 1_000)
