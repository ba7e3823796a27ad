"""What is done to the cluster, each act under load.

An act returns how long it took, from the harm, until everything that was acknowledged by then was
recorded, and a new event was recorded, folded and answered with a receipt: with what was hurt still
away, unless it says otherwise.
"""

import time
from collections.abc import Callable
from typing import Final

from jejak_producers import Producer
from jejak_producers.producer import pack
from jejak_schemas.credentials import Credentials
from tests.cluster.brokers import Node
from tests.cluster.site import Site
from tests.torture.faults import GROUP
from tests.torture.traffic import PROVIDERS, completed

GROUPS: Final = "__consumer_offsets"  # each has one partition here: its leader coordinates all
TRANSACTIONS: Final = "__transaction_state"
HELD: Final = 8.0  # seconds in which a lone broker must not acknowledge


def kill_leader_of(topic: str) -> Callable[[Site], float]:
    """SIGKILL to the broker that leads a topic."""
    return lambda site: _killed(site, site.cluster.leader(topic))


def kill_controller(site: Site) -> float:
    """SIGKILL to the one that leads the controllers."""
    return _killed(site, site.cluster.controller())


def kill_with_a_recorder(site: Site) -> float:
    """SIGKILL to a recorder and, at once, to the broker that would notice: nobody says goodbye."""
    other = site.house.start_recorder(GROUP, "recorder-2")
    site.house.wait(lambda: site.cluster.members(GROUP) == 2, 60, "no second recorder")
    node = site.cluster.leader(GROUPS)
    site.house.end(other)
    return _killed(site, node)


def roll_all(site: Site) -> float:
    """Stop and start each in turn, as an upgrade does; the longest of the three."""
    return max(_rolled(site, node) for node in site.cluster.nodes)


def cut_off(site: Site) -> float:
    """The controllers' leader neither hears nor speaks until it counts as gone, and comes back."""
    return _cut(site, site.cluster.controller())


def cut_off_leader_of(topic: str) -> Callable[[Site], float]:
    """The same to the broker that leads a topic."""
    return lambda site: _cut(site, site.cluster.leader(topic))


def leave_one(site: Site) -> float:
    """Two of three are gone: our SDK MUST NOT call anything recorded that one disk alone holds.

    From when they are started again.
    """
    known = Credentials.load(site.house.up.home.credentials_file(PROVIDERS[0]))
    keeper = site.cluster.controller()
    gone = [node for node in site.cluster.nodes if node is not keeper]
    with Producer(known) as producer:
        event = completed(PROVIDERS[0], 2)
        packed = pack(event, PROVIDERS[0])
        for node in gone:
            node.kill()
        site.house.traffic.log.send(packed.value, event.event_id)
        delivery = producer.send(packed)
        if delivery.wait(HELD):
            raise AssertionError(f"one broker of three was enough: {delivery.ended()}")
        began = time.monotonic()
        for node in gone:
            node.launch()
        sent = delivery.result()
        site.house.traffic.log.acknowledge(
            (sent.topic, sent.partition, sent.offset), event.event_id
        )
    site.goes_on()
    return time.monotonic() - began


def promote_standby(site: Site) -> float:
    """PostgreSQL's primary is gone; nothing that was committed is, so the epoch stays."""
    ((epoch, position),) = site.house.ask("SELECT epoch, next_position FROM ledger_head")
    site.promote()
    ((new_epoch, new_position),) = site.house.ask("SELECT epoch, next_position FROM ledger_head")
    if new_epoch != epoch or new_position < position:
        raise AssertionError(f"{epoch} stood at {position}, {new_epoch} stands at {new_position}")
    return site.goes_on()


def _killed(site: Site, node: Node) -> float:
    node.kill()
    seconds = site.goes_on()
    node.start()
    return seconds


def _cut(site: Site, node: Node) -> float:
    others = [each for each in site.cluster.nodes if each is not node]
    node.freeze()
    seconds = site.goes_on()
    site.house.wait(lambda: site.cluster.in_sync(site.topics) == others, 60, "not cut off")
    node.thaw()
    return seconds


def _rolled(site: Site, node: Node) -> float:
    site.whole()
    node.stop()
    seconds = site.goes_on()
    node.start()
    return seconds


ACTS: Final[dict[str, tuple[str, Callable[[Site], float]]]] = {
    "groups": ("kill -9 the groups' coordinator", kill_leader_of(GROUPS)),
    "transactions": ("kill -9 the transactions' coordinator", kill_leader_of(TRANSACTIONS)),
    "controller": ("kill -9 the controllers' leader", kill_controller),
    "recorder": ("kill -9 a recorder and its coordinator", kill_with_a_recorder),
    "roll": ("stop and start all three in turn", roll_all),
    "cut": ("freeze the controllers' leader", cut_off),
    "silence": ("freeze the transactions' coordinator", cut_off_leader_of(TRANSACTIONS)),
    "leave": ("kill -9 two of three", leave_one),
    "promote": ("kill -9 PostgreSQL, promote its standby", promote_standby),
}
PROMOTION: Final = "promote"
