"""The only modules of this package that know kafka-python (exactly 3.0.12; it has no type stubs).

They give the ports of `messages` their real form. Make these objects after a fork: the library's
threads do not survive one.

inbox      a member of the recorders' group
outbox     a transactional writer: publisher, notary
feed       one topic from an offset of the reader's
describer  what the brokers know now, not what a client remembers
line       one client's connections, and what is wrong with them
failures   what the library raises, as our errors
group      what a member of a group must mend in the library
records    how far a log goes, and its messages

Traps of the library, each tried, and what meets it:
- a wrong password ends as `KafkaTimeoutError: Unable to bootstrap`, as if nobody listened, because
  what the broker says together with the end of the connection is lost: `line.Connections` hears
  it, remembers how the last connection failed, and ends the wait at once;
- a TLS handshake that is never answered (a broker that is frozen) has no end:
  `kafka_python.EndingSelector`, which also ends the sockets of connections that had something to
  send still when their client was closed;
- a socket that does not get connected is left open: `kafka_python.ClosedSockets`;
- a transactional request whose coordinator is away when its turn comes is forgotten, and the
  producer spins without sending until the delivery's time is over: `line.Network`;
- a transactional request that is not answered in time (a coordinator that is frozen) makes the
  producer useless, "for unknown reasons", where one that is cut off is asked anew: `line.Network`;
- a group member throws away a join that ends between two polls, or forgets that it is joining and
  then spins without ever reading: `group.keep_joins`;
- a group's coordinator that is away is looked up again without a pause: `group.pace_lookups`;
- a static member whose place was taken is not told: `group.has_lost_its_place`;
- rebalance listeners run on the library's own thread, where a blocking call of the consumer is
  refused and waiting stops the heartbeats, and what they raise is only logged: `group.Listener`;
- an admin client asks the broker that knew of a group, though another does by now:
  `describer.Describer`;
- `commit_transaction` waits without an end, and a producer's `close` flushes first, and where it
  cannot, raises and leaves its thread running: `outbox.KafkaOutbox`;
- a topic that is not there looks like brokers that are away: `outbox.KafkaOutbox`;
- a header whose name is not UTF-8 makes a whole batch corrupt: `records.read_as_here`;
- at DEBUG it logs keys and values, which hold NIPs: `kafka_python.hush`.
"""

from jejak_consumers.kafka.feed import KafkaFeed
from jejak_consumers.kafka.inbox import RECORDERS, KafkaInboxReader
from jejak_consumers.kafka.line import Line
from jejak_consumers.kafka.outbox import NOTARY, PUBLISHER, KafkaOutbox

__all__ = [
    "NOTARY",
    "PUBLISHER",
    "RECORDERS",
    "KafkaFeed",
    "KafkaInboxReader",
    "KafkaOutbox",
    "Line",
]
