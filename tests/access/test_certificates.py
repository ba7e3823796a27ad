"""Users by certificate: a broker that takes no client without one, and knows it by its subject.

Opt-in (`make test-access`).
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from jejak import foundations, provisioning, rotating
from jejak.doctor import certificates
from jejak.doctor.finding import Level
from jejak.embedded.kafka import LOOPBACK, OPERATOR, EmbeddedKafka
from jejak.embedded.ports import free_port
from jejak.errors import Fatal, Refuse
from jejak.kafka_admin import connected
from jejak.provisioning import NewParty
from jejak.services import OWN_USERS, RECORDER, Services
from jejak_consumers.errors import WrongLogin
from jejak_consumers.kafka import KafkaFeed
from jejak_producers import NotAllowed, Producer, WrongUserOrPassword
from jejak_schemas import topics
from jejak_schemas.credentials import Credentials, CredentialsError, KafkaAccess
from jejak_schemas.events import CourseCompleted
from tests import services, world
from tests.cluster.certificates import Authority

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(services.in_containers(), reason="starts a broker of its own"),
]


@dataclass(slots=True)
class Shut(EmbeddedKafka):
    """Takes clients with a certificate of its authority; on a second port with a password."""

    ca: Path = Path()
    certificate: Path = Path()
    scram_port: int = 0

    def _properties(self, data: Path) -> dict[str, str]:
        # Named, for a dataclass with slots is another class than the one `super()` remembers.
        said = EmbeddedKafka._properties(self, data)
        jaas = said["listener.name.client.scram-sha-512.sasl.jaas.config"]
        second = f"SCRAM://{LOOPBACK}:{self.scram_port}"
        return {
            **said,
            "listener.security.protocol.map": "CLIENT:SSL,SCRAM:SASL_SSL,CONTROLLER:SASL_PLAINTEXT",
            "listeners": f"{said['listeners']},{second}",
            "advertised.listeners": f"{said['advertised.listeners']},{second}",
            "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.scram.scram-sha-512.sasl.jaas.config": jaas,
            "listener.name.client.ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.certificate),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.ca),
        }


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "ca.pem")


@pytest.fixture(scope="module")
def broker(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shut]:
    folder = tmp_path_factory.mktemp("shut")
    usual = services.new_kafka(folder)
    made = Shut(
        folder=usual.folder, port=usual.port, controller_port=usual.controller_port,
        password=usual.password, java=usual.java, jars=usual.jars, log=usual.log,
        ca=authority.path, certificate=authority.issue("broker", folder / "broker.pem"),
        scram_port=free_port([usual.port, usual.controller_port]),
    )  # fmt: skip
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def front(
    broker: Shut, authority: Authority, database: services.Database, tmp_path: Path
) -> Services:
    """The front door's view, our own users and their rights made."""
    plain = services.Kafka(broker.bootstrap_servers, broker.password)
    usual = services.services_on(plain, database, tmp_path / "secrets")
    for user in (OPERATOR, *OWN_USERS):
        authority.issue(user, usual.secrets.folder / f"kafka-{user}.pem")
    made = replace(usual, security_protocol="SSL", ssl_cafile=str(authority.path))
    with connected(made.kafka(OPERATOR)) as admin:
        foundations.prepare_kafka(made, admin)
    return made


def add(front: Services, folder: Path, code: str) -> Path:
    """Add a party; the file that it is handed."""
    party = NewParty(code, code, ("provider",))
    provisioning.add_parties(front, folder, [party], lambda _: None)
    return folder / f"{code}.toml"


def course(party: str) -> CourseCompleted:
    made = world.course("2026-01-05")
    return CourseCompleted.model_validate(made.model_dump() | {"party": party})


def test_a_party_is_who_its_certificate_says(
    front: Services, authority: Authority, tmp_path: Path
) -> None:
    path, other = add(front, tmp_path, "pa-tls"), add(front, tmp_path, "pa-other")
    assert "password" not in path.read_text("utf-8")
    assert not list(front.secrets.folder.glob("party-*"))
    with pytest.raises(CredentialsError, match=r"ssl_certfile .*pa-tls\.pem: No such file"):
        Producer(path)

    authority.issue("pa-tls", tmp_path / "pa-tls.pem")
    authority.issue("pa-tls", tmp_path / "pa-other.pem")
    with Producer(path) as producer:
        assert producer.emit(course("pa-tls")).result().topic == topics.inbox("pa-tls")
    with pytest.raises(NotAllowed):
        Producer(other)  # the file of one, the certificate of another
    with pytest.raises(Refuse, match="put the new one in place"):
        rotating.rotate(front, tmp_path, "pa-tls")


@pytest.mark.parametrize("fault", ["another authority's", "ended"])
def test_a_certificate_that_is_not_accepted_is_said_to_be_so(
    front: Services, authority: Authority, tmp_path: Path, fault: str
) -> None:
    path = add(front, tmp_path, "pa-wrong")
    stranger = Authority(tmp_path / "stranger.pem")
    if fault == "ended":
        authority.issue("pa-wrong", tmp_path / "pa-wrong.pem", days=-1)
    else:
        stranger.issue("pa-wrong", tmp_path / "pa-wrong.pem")
    said = "certificate not accepted by the broker: .* refused that of pa-wrong"
    with pytest.raises(WrongUserOrPassword, match=said):
        Producer(path, patience=10)
    with pytest.raises(WrongLogin, match=said):
        KafkaFeed(Credentials.load(path).kafka, topics.receipts("pa-wrong"))


def test_a_renewed_certificate_is_shown_at_the_next_connection(
    front: Services, authority: Authority, tmp_path: Path
) -> None:
    path = add(front, tmp_path, "pa-new")
    authority.issue("pa-new", tmp_path / "pa-new.pem")
    access = Credentials.load(path).kafka
    authority.issue("pa-new", tmp_path / "pa-new.pem", days=-1)
    with pytest.raises(WrongLogin):
        KafkaFeed(access, topics.receipts("pa-new"))
    authority.issue("pa-new", tmp_path / "pa-new.pem")
    with closing(KafkaFeed(access, topics.receipts("pa-new"))) as feed:
        assert feed.bounds() == (0, 0)


def test_the_doctor_tells_whose_certificate_is_wrong_or_over(
    front: Services, authority: Authority, tmp_path: Path
) -> None:
    folder = tmp_path / "credentials"
    party = Credentials.load(add(front, folder, "pa-ill"))
    well = {Level.WELL}
    assert {one.level for one in certificates.examine(front, [party])} == well
    authority.issue("pa-ill", folder / "pa-ill.pem", days=-2)
    authority.issue("somebody", front.secrets.folder / f"kafka-{RECORDER}.pem")
    (front.secrets.folder / "kafka-notary.pem").unlink()
    found = [one for one in certificates.examine(front, [party]) if one.level is not Level.WELL]
    said = {one.subject: one.found for one in found}
    assert said.keys() == {"of pa-ill", "of recorder", "of notary"}
    assert said["of pa-ill"].startswith("ended on ")
    assert said["of recorder"] == "is of somebody"
    assert said["of notary"].endswith("kafka-notary.pem: No such file or directory")


def test_a_password_goes_over_tls_as_well(broker: Shut, authority: Authority) -> None:
    access = KafkaAccess(
        bootstrap_servers=f"{LOOPBACK}:{broker.scram_port}", security_protocol="SASL_SSL",
        username=OPERATOR, password=SecretStr(broker.password), ssl_cafile=str(authority.path),
    )  # fmt: skip
    with connected(access) as admin:
        assert OPERATOR in admin.passwords()
    wrong = access.model_copy(update={"password": SecretStr("wrong")})
    with pytest.raises(Fatal, match="wrong user or password"), connected(wrong, patience=5):
        pass
