"""Adding many institutions at once: no request is larger than the brokers take."""

from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from jejak.addresses import Quota
from jejak.cli.parties import new_party
from jejak.kafka_admin import Grant, KafkaAdmin, Topic
from jejak.provisioning import NewParty, provision_kafka
from jejak_schemas.credentials import SCRAM, Credentials, KafkaAccess

MOST = 10_000  # records of one request, by Kafka's controller
WIDEST = [NewParty(f"p{n:04}", "P", ("agency",), partitions=64) for n in range(1_000)]


class Controller(KafkaAdmin):
    """Keeps what it is asked for; refuses what is too much at once, as Kafka's does."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.given: dict[str, str] = {}
        self.grants: list[Grant] = []
        self.limits: dict[str, Quota] = {}

    def create_topics(self, topics: Sequence[Topic]) -> None:
        assert sum(1 + one.partitions + len(one.settings) for one in topics) <= MOST
        self.topics += [one.name for one in topics]

    def set_passwords(self, passwords: Mapping[str, str], mechanism: str = SCRAM) -> None:
        assert len(passwords) <= MOST
        assert mechanism == SCRAM or not passwords
        self.given |= passwords

    def limit(self, quotas: Mapping[str, Quota]) -> None:
        assert sum(3 for _ in quotas) <= MOST
        self.limits |= quotas

    def allow(self, grants: Sequence[Grant]) -> None:
        assert len(grants) <= MOST
        self.grants += grants


def credentials(party: NewParty) -> Credentials:
    access = KafkaAccess(
        bootstrap_servers="127.0.0.1:1", username=party.code, password=SecretStr("secret")
    )
    return Credentials(party=party.code, roles=party.roles, kafka=access, topics=party.topics)


def test_a_thousand_of_the_widest_agencies_are_added_in_requests_that_the_brokers_take() -> None:
    controller = Controller()
    quota = Quota(write=1, read=2, work=3)
    provision_kafka(controller, WIDEST, [credentials(party) for party in WIDEST], quota)
    assert len(set(controller.topics)) == len(controller.topics) == 4 * len(WIDEST)
    assert set(controller.given) == {party.code for party in WIDEST}
    assert controller.limits == dict.fromkeys(controller.given, quota)
    assert {grant.user for grant in controller.grants} == set(controller.given)


def test_a_role_said_twice_is_one() -> None:
    assert new_party("pusat", ("lan", "provider", "lan"), None, None).roles == ("lan", "provider")
