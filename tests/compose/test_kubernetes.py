"""What the Kubernetes manifests promise, held against docker-compose.yml, without a cluster."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "ops" / "kubernetes"
OBJECTS: list[dict[str, Any]] = [
    one for file in sorted(FOLDER.glob("*.yaml")) for one in yaml.safe_load_all(file.read_text())
]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
PROGRAM_VERSION = "0.1.0"
UNITS = {"m": 1e-3, "Mi": 2**20, "Gi": 2**30, "g": 2**30}
DEPLOYED = ["api", "worker"]

every_workload = pytest.mark.parametrize("part", DEPLOYED)


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in OBJECTS if one["kind"] == kind}


def pod(part: str) -> dict[str, Any]:
    spec: dict[str, Any] = of_kind("Deployment")[f"tablestakes-{part}"]["spec"]["template"]["spec"]
    return spec


def container(part: str) -> dict[str, Any]:
    (only,) = pod(part)["containers"]
    found: dict[str, Any] = only
    return found


def quantity(text: str) -> float:
    """Cores or bytes, of Kubernetes."""
    unit = next((unit for unit in sorted(UNITS, key=len, reverse=True) if text.endswith(unit)), "")
    return float(text.removesuffix(unit)) * UNITS.get(unit, 1.0)


def memory(text: str) -> float:
    """Bytes, of compose."""
    return float(text[:-1]) * {"m": 2**20, "g": 2**30}[text[-1]]


def environment(part: str) -> dict[str, str]:
    direct = {one["name"]: one["value"] for one in container(part)["env"]}
    return {**of_kind("ConfigMap")["tablestakes"]["data"], **direct}


def test_every_object_has_a_name_and_kinds_are_known() -> None:
    assert {one["kind"] for one in OBJECTS} == {
        "ConfigMap",
        "PersistentVolumeClaim",
        "Deployment",
        "Service",
        "PodDisruptionBudget",
    }
    assert all(one["metadata"]["labels"]["app.kubernetes.io/name"] == "tablestakes" for one in OBJECTS)
    assert len({(one["kind"], one["metadata"]["name"]) for one in OBJECTS}) == len(OBJECTS)


@every_workload
def test_a_workload_runs_the_image_and_the_command_of_compose(part: str) -> None:
    image, _, tag = container(part)["image"].partition(":")
    assert image == SERVICES[part]["image"]
    assert tag == PROGRAM_VERSION
    assert f'version = "{tag}"' in (ROOT / "pyproject.toml").read_text()
    assert container(part)["command"] == SERVICES[part]["command"]


@every_workload
def test_a_workload_has_the_limits_of_compose_and_asks_for_no_more(part: str) -> None:
    limits, requests = container(part)["resources"]["limits"], container(part)["resources"]["requests"]
    known = SERVICES[part]["deploy"]["resources"]["limits"]
    assert quantity(limits["cpu"]) == float(known["cpus"])
    assert quantity(limits["memory"]) == memory(known["memory"])
    assert set(requests) == set(limits) == {"cpu", "memory"}
    assert all(quantity(requests[name]) <= quantity(limits[name]) for name in limits)


@every_workload
def test_a_workload_has_the_settings_of_compose(part: str) -> None:
    ours = {name for name in environment(part) if name.startswith("TABLESTAKES_")}
    assert {name.removeprefix("TABLESTAKES_").lower() for name in ours} <= set(Settings.model_fields)
    secret = {"TABLESTAKES_DATABASE_URL", "TABLESTAKES_REDIS_URL"}
    assert ours | secret == set(SERVICES[part]["environment"])
    same = ours - {"TABLESTAKES_WORKER_METRICS_URL"}
    assert {name: environment(part)[name] for name in same} == {
        name: SERVICES[part]["environment"][name] for name in same
    }
    names = {key: one[key]["name"] for one in container(part)["envFrom"] for key in one}
    assert names == {"configMapRef": "tablestakes", "secretRef": "tablestakes"}


def test_no_manifest_holds_a_secret() -> None:
    assert not of_kind("Secret")
    lines = [line for file in sorted(FOLDER.glob("*.yaml")) for line in file.read_text().splitlines()]
    text = "\n".join(line for line in lines if not line.startswith("#"))
    assert "://" not in text.replace("http://tablestakes-worker:9101/metrics", "")
    assert "TABLESTAKES_DATABASE_URL" not in text


@every_workload
def test_a_workload_is_hardened(part: str) -> None:
    whole, own = pod(part)["securityContext"], container(part)["securityContext"]
    assert whole["runAsNonRoot"] is True
    assert f"{whole['runAsUser']}:{whole['runAsGroup']}" == SERVICES[part]["user"]
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod(part)["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod(part))


@every_workload
def test_what_is_written_is_a_volume(part: str) -> None:
    mounts = {one["name"]: one["mountPath"] for one in container(part)["volumeMounts"]}
    volumes = {one["name"]: one for one in pod(part)["volumes"]}
    assert mounts == {"home": environment(part)["TABLESTAKES_HOME"], "tmp": "/tmp"}
    assert volumes["home"]["persistentVolumeClaim"]["claimName"] in of_kind("PersistentVolumeClaim")
    assert volumes["tmp"]["emptyDir"]["sizeLimit"]
    claim = of_kind("PersistentVolumeClaim")["tablestakes-home"]["spec"]
    assert claim["accessModes"] == ["ReadWriteMany"]


def test_the_api_is_asked_whether_it_is_ready_and_whether_it_lives() -> None:
    api = container("api")
    (port,) = api["ports"]
    assert str(port["containerPort"]) in api["command"]
    asked = {name: api[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert {name: one["path"] for name, one in asked.items()} == {
        "startupProbe": "/health/ready",
        "readinessProbe": "/health/ready",
        # A cache or a database that is away must not have every process started again.
        "livenessProbe": "/health/live",
    }
    assert {one["port"] for one in asked.values()} == {port["name"]}


def test_the_worker_is_looked_after_by_its_heartbeat() -> None:
    command = " ".join(container("worker")["livenessProbe"]["exec"]["command"])
    assert str(Settings(home=Path(environment("worker")["TABLESTAKES_HOME"])).worker_heartbeat) in command


@every_workload
def test_a_stop_leaves_time_for_requests_in_flight(part: str) -> None:
    compose = int(SERVICES[part]["stop_grace_period"].removesuffix("s"))
    assert pod(part)["terminationGracePeriodSeconds"] >= compose


def test_at_least_one_replica_serves_through_upgrades_and_evictions() -> None:
    deployment = of_kind("Deployment")["tablestakes-api"]["spec"]
    assert deployment["replicas"] == SERVICES["api"]["deploy"]["replicas"]
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    budget = of_kind("PodDisruptionBudget")["tablestakes-api"]["spec"]
    assert 1 <= budget["minAvailable"] < deployment["replicas"]
    assert budget["selector"] == deployment["selector"]


@every_workload
def test_services_and_selectors_find_their_pods(part: str) -> None:
    deployment = of_kind("Deployment")[f"tablestakes-{part}"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels
    service = of_kind("Service")[f"tablestakes-{part}"]["spec"]
    assert service["selector"] == labels
    assert {one["targetPort"] for one in service["ports"]} <= {one["name"] for one in container(part)["ports"]}


@every_workload
def test_prometheus_is_told_where_to_look(part: str) -> None:
    told = of_kind("Deployment")[f"tablestakes-{part}"]["spec"]["template"]["metadata"]["annotations"]
    (port,) = container(part)["ports"]
    assert (told["prometheus.io/port"], told["prometheus.io/path"]) == (str(port["containerPort"]), "/metrics")
