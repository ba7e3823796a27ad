"""A transactional writer."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import kafka
from kafka import errors as theirs

from jejak_consumers import errors
from jejak_consumers.kafka.describer import Describer
from jejak_consumers.kafka.line import CLOSE, PATIENCE, Line, milliseconds
from jejak_consumers.messages import Outbox, Post
from jejak_schemas import topics
from jejak_schemas.credentials import KafkaAccess

PUBLISHER: Final = "jejak-publisher"  # the transactional ids
NOTARY: Final = "jejak-notary"

_DELIVERY: Final = 20.0  # seconds until a message counts as not delivered
_TRANSACTION: Final = 40.0  # seconds until the brokers abort what a killed publisher left open


class KafkaOutbox(Outbox):
    """A writer under a fixed transactional id, the publisher's if no other is named.

    Opening it cuts off whoever had that id and aborts what it left open. Content never rests on
    the transaction: it only hides half a batch from readers of committed messages.
    """

    def __init__(
        self, access: KafkaAccess, patience: float = PATIENCE, writer: str = PUBLISHER
    ) -> None:
        self._line = Line(access, patience)
        self._client = self._line.open(
            kafka.KafkaProducer,
            transactional_id=writer,
            transaction_timeout_ms=milliseconds(_TRANSACTION),
            acks="all",
            linger_ms=5,
            batch_size=256 * 1024,
            max_request_size=topics.LARGEST_PROFILE,
            max_block_ms=milliseconds(patience),
            delivery_timeout_ms=milliseconds(_DELIVERY),
            request_timeout_ms=milliseconds(_DELIVERY / 2),
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
        sender.join(CLOSE)
        with contextlib.suppress(theirs.KafkaError):
            self._client.close(timeout=0)

    def _need(self, names: set[str]) -> None:
        """Say which topic is missing, where the library would only wait for it."""
        if new := names - self._needed:
            self._require(new)
            self._needed |= new
            # All at once. For each that is new to it the library would ask and wait, at its first
            # message: minutes where a thousand parties are told, and then a publisher starts again.
            for name in new:
                self._client._sender.add_topic(name)  # noqa: SLF001

    def _require(self, names: set[str]) -> None:
        with contextlib.closing(Describer(self._line.access, self._line.patience)) as describer:
            found = describer.topic_ids(names)
        if missing := names - found.keys():
            raise errors.NotAllowed(
                f"user {self._line.access.username} cannot see {', '.join(sorted(missing))}: "
                "not there, or not allowed"
            )


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
