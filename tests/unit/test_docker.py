"""docker/: what watches the loops is wired to them."""

import re
from pathlib import Path
from typing import Any

import yaml

from jejak.processes import LOOPS, fixed_port
from jejak.settings import Settings

DOCKER = Path(__file__).parents[2] / "docker"


def read(name: str) -> Any:
    return yaml.safe_load((DOCKER / name).read_text("utf-8"))


COMPOSE = read("compose.yaml")
SERVICES = COMPOSE["services"]


def test_prometheus_asks_every_loop_where_it_shows_its_metrics() -> None:
    (job,) = read("prometheus/prometheus.yaml")["scrape_configs"]
    targets = {target for group in job["static_configs"] for target in group["targets"]}
    ports = {loop: SERVICES[loop]["environment"]["JEJAK_METRICS_PORT"] for loop in LOOPS}
    assert targets == {f"{loop}:{port}" for loop, port in ports.items()}
    for loop, port in ports.items():
        assert f":{port}/healthz" in SERVICES[loop]["healthcheck"]["test"][-1]


def test_a_loop_has_longer_to_stop_than_it_takes_to_give_up() -> None:
    for loop in LOOPS:
        grace = float(SERVICES[loop]["stop_grace_period"].removesuffix("s"))
        assert grace > Settings.model_fields["stop_seconds"].default


def test_every_port_that_is_published_is_on_loopback_and_none_is_a_loops() -> None:
    published = {name: one.get("ports", []) for name, one in SERVICES.items()}
    assert [port for ports in published.values() for port in ports
            if not port.startswith("127.0.0.1:")] == []  # fmt: skip
    assert [loop for loop in LOOPS if published[loop]] == []


def test_what_is_mounted_is_there_and_every_secret_is_made() -> None:
    mounted = [
        volume.split(":")[0] for one in SERVICES.values() for volume in one.get("volumes", [])
    ]
    files = {path for path in mounted if path.startswith("./")}
    assert files > {"./prometheus", "./grafana/provisioning", "./grafana/dashboards"}
    assert [path for path in files if not (DOCKER / path).is_dir()] == []
    assert set(mounted) - files == set(COMPOSE["volumes"])
    script = (DOCKER / "make-secrets").read_text("utf-8")
    (made,) = re.findall(r"^for name in (.*); do$", script, re.MULTILINE)
    assert set(made.split()) == set(COMPOSE["secrets"])


def test_grafana_finds_its_dashboards_and_its_source() -> None:
    (provider,) = read("grafana/provisioning/dashboards/jejak.yaml")["providers"]
    targets = [volume.split(":")[1] for volume in SERVICES["grafana"]["volumes"]]
    assert provider["options"]["path"] in targets
    (source,) = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    assert source["url"].startswith("http://prometheus:")
    assert f'"uid": "{source["uid"]}"' in (DOCKER / "grafana/dashboards/jejak.json").read_text()


def test_loops_that_are_up_together_have_ports_of_their_own() -> None:
    assert [fixed_port(loop, 9464) for loop in LOOPS] == [9464 + n for n in range(len(LOOPS))]
    assert {fixed_port(loop, 0) for loop in LOOPS} == {0}
