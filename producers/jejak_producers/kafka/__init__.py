"""The only modules of the SDK that know kafka-python (exactly 3.0.12; it has no type stubs).

They give `ports.Outbox` and `ports.Inlet` their real form.

outbox       the party's own inbox, as a place to write
inlet        a topic of one partition, as a place to read
connections  one client's connections, and the library's errors as ours

Traps of the library, each tried, and what meets it:
- a wrong password ends as `KafkaTimeoutError: Unable to bootstrap`, as if nobody listened, because
  what the broker says together with the end of the connection is lost: `connections.Watched` hears
  it, and ends the wait at once;
- a TLS handshake that is never answered (a broker that is frozen) has no end:
  `kafka_python.EndingSelector`, which also ends the sockets of connections that had something to
  send still when their client was closed;
- where nobody listens it says nothing of why: `connections.knock`;
- a socket that does not get connected is left open: `kafka_python.ClosedSockets`;
- its producer holds any amount of memory: `flight.InFlight` bounds it;
- its flush waits its timeout once per batch: we count acknowledgements instead;
- once a batch that was tried before expires, its producer is dead, and says nothing: `outbox.mend`;
  and while it waits for a producer id nothing expires: `delivery.Delivery` keeps its own deadline;
- `close` raises where it cannot flush, and leaves its thread running: `outbox.KafkaOutbox`;
- at DEBUG it logs keys and values, which hold NIPs: `kafka_python.hush`.
"""

from jejak_producers.kafka.inlet import KafkaInlet
from jejak_producers.kafka.outbox import KafkaOutbox, murmur2

__all__ = ["KafkaInlet", "KafkaOutbox", "murmur2"]
