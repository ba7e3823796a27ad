"""docs/kubernetes: manifests that Kubernetes' own schemas take, for every loop and no looser."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from jejak.cli.operator import LoopName
from jejak.processes import LOOPS
from jejak.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "kubernetes"
OLDEST, NEWEST = "1.31", "1.37"  # StatefulSets number from 1 since 1.31
FILES = sorted(FOLDER.glob("*.yaml"))
OWN_SECRETS = {  # what each signs in with, and nobody else
    "recorder": {"kafka-recorder", "postgres-jejak_writer"},
    "projector": {"postgres-jejak_projector"},
    "publisher": {"kafka-publisher", "postgres-jejak_publisher"},
    "notary": {"kafka-notary", "postgres-jejak_notary"},
}


def documents() -> Iterator[Any]:
    for file in FILES:
        yield from yaml.safe_load_all(file.read_text("utf-8"))


def named(*kinds: str) -> Mapping[str, Any]:
    return {one["metadata"]["name"]: one for one in documents() if one["kind"] in kinds}


WORKLOADS = named("Deployment", "StatefulSet", "Job")
PODS = {name: one["spec"]["template"] for name, one in WORKLOADS.items()}
CONTAINERS = [each for pod in PODS.values() for each in pod["spec"]["containers"]]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_own_schemas_take_every_manifest(version: str) -> None:
    for one in documents():
        assert kubernetes_validate.validate(one, version, strict=True) == version
        assert one["kind"] == "Namespace" or one["metadata"]["namespace"] == "jejak"


def test_a_manifest_that_is_none_is_told() -> None:
    wrong = yaml.safe_load((FOLDER / "projector.yaml").read_text("utf-8").split("---")[0])
    wrong["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, NEWEST, strict=True)


def test_every_loop_runs_is_probed_and_outlives_a_drain() -> None:
    commands = {each["name"]: each["args"][:2] for each in CONTAINERS}
    assert commands == {
        "prepare": ["prepare"], **{loop.value: ["run", loop.value] for loop in LoopName},
    }  # fmt: skip
    for each in CONTAINERS:
        if each["name"] != "prepare":
            assert {"startupProbe", "livenessProbe", "readinessProbe"} < set(each)
    budgets = named("PodDisruptionBudget")
    for loop in LOOPS:
        assert budgets[loop]["spec"]["selector"] == WORKLOADS[loop]["spec"]["selector"]
        grace = PODS[loop]["spec"]["terminationGracePeriodSeconds"]
        assert grace > Settings.model_fields["stop_seconds"].default


def test_no_container_is_root_writes_its_image_or_gains_rights() -> None:
    for pod in PODS.values():
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] == 10001
        assert "USER 10001:10001" in (ROOT / "docker/Dockerfile").read_text("utf-8")
    for each in CONTAINERS:
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"requests", "limits"} == set(each["resources"])
        assert re.search(r":[\d.]+$", each["image"])


def test_a_loop_sees_its_own_secrets_and_no_others() -> None:
    for loop in LOOPS:
        (volume,) = (one for one in PODS[loop]["spec"]["volumes"] if one["name"] == "secrets")
        sources = [one["secret"] for one in volume["projected"]["sources"]]
        keys = {item["key"] for source in sources for item in source.get("items", [])}
        assert keys == OWN_SECRETS[loop]
        whole = {source["name"] for source in sources if "items" not in source}
        assert whole == ({"jejak-match-keys"} if loop == "publisher" else set())
    assert not named("Secret")


def test_the_settings_are_settings_and_none_is_secret() -> None:
    keys = {f"JEJAK_{key.upper()}" for key in Settings.model_fields} | {"JEJAK_NOTARY_KEY"}
    set_there = set(named("ConfigMap")["jejak"]["data"])
    set_there |= {one["name"] for each in CONTAINERS for one in each.get("env", [])} - {"SLOT"}
    assert set_there <= keys
    assert not re.search("password|:[^/@]*@", str(named("ConfigMap")), re.IGNORECASE)


def test_who_is_not_named_may_not_speak() -> None:
    policies = named("NetworkPolicy")
    assert policies["nobody"]["spec"]["podSelector"] == {}
    assert set(policies["nobody"]["spec"]) == {"podSelector", "policyTypes"}
    for pod in PODS.values():
        ours = policies["loops"]["spec"]["podSelector"]["matchLabels"]
        assert ours.items() <= pod["metadata"]["labels"].items()
