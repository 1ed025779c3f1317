"""What the container files promise, checked without a container engine."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile_lint import instructions

from services.database.engine import MOST_CONNECTIONS
from services.database.event_partitions import LOCKS_A_DAY
from services.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
JOBS = {"seed", "load", "backup"}
"""They end by themselves, so they have no health to check."""
DASHBOARDS = [json.loads(file.read_text()) for file in sorted((ROOT / "ops/grafana/dashboards").glob("*.json"))]

every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def stages(dockerfile: str) -> dict[str, list[tuple[str, str]]]:
    """Instructions by stage, each with those of the stages it is made from before its own."""
    found: dict[str, list[tuple[str, str]]] = {}
    current: list[tuple[str, str]] = []
    for word, rest in instructions(dockerfile):
        if word == "FROM":
            image, _, name = rest.partition(" AS ")
            current = list(found.get(image, ())) or [(word, image)]
            found[name] = current
        else:
            current.append((word, rest))
    return found


STAGES = stages((ROOT / "Dockerfile").read_text())
shipped = pytest.mark.parametrize("stage", ["runtime", "load"])


def test_the_compose_file_has_the_services_of_the_design() -> None:
    always = {"proxy", "api", "worker", "seed", "redis", "postgres", "prometheus", "grafana"}
    asked_for = {"load": "load", "backup": "backup", "mlflow": "tracking", "tracked-worker": "tracking"}
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == always
    assert {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service} == {
        name: [profile] for name, profile in asked_for.items()
    }
    assert SERVICES["api"]["deploy"]["replicas"] == 2


@every_service
def test_every_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert not service.get("privileged")
    assert service["security_opt"] == ["no-new-privileges:true"]
    user = service["user"].split(":")[0]
    assert user.isdigit()
    assert int(user) > 0
    assert "network_mode" not in service
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", ()))


@every_service
def test_every_service_is_bounded(name: str) -> None:
    limits = SERVICES[name]["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert SERVICES[name]["logging"]["options"]["max-size"]


@every_service
def test_every_service_that_stays_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check == {"disable": True} if name in JOBS else check["test"][0] in {"CMD", "CMD-SHELL"}


@every_service
def test_images_are_pinned_to_a_version(name: str) -> None:
    service = SERVICES[name]
    if "build" in service:
        assert service["build"]["target"] in STAGES
    else:
        assert re.search(r":v?\d+[\w.-]*$", service["image"])


@every_service
def test_only_pages_are_reachable_and_only_from_this_machine(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert bool(ports) == (name in {"proxy", "grafana", "mlflow"})
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert ("outside" in SERVICES[name]["networks"]) == bool(ports)


@every_service
def test_what_a_service_waits_for_exists_and_can_say_when(name: str) -> None:
    for other, waits in SERVICES[name].get("depends_on", {}).items():
        if waits["condition"] == "service_healthy":
            assert "test" in SERVICES[other]["healthcheck"]
        else:
            assert (waits["condition"], other in JOBS) == ("service_completed_successfully", True)


@every_service
def test_volumes_networks_and_files_exist(name: str) -> None:
    for volume in SERVICES[name].get("volumes", ()):
        source = volume.split(":")[0]
        assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
    assert set(SERVICES[name]["networks"]) <= set(COMPOSE["networks"])
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_every_setting_that_is_named_exists() -> None:
    named = {key for service in SERVICES.values() for key in service.get("environment", {})}
    named |= {word for stage in STAGES.values() for _, rest in stage for word in re.findall(r"TABLESTAKES_\w+", rest)}
    ours = {key.removeprefix("TABLESTAKES_").lower() for key in named if key.startswith("TABLESTAKES_")}
    assert {"home", "database_url", "redis_url"} <= ours <= set(Settings.model_fields)


def test_the_settings_of_the_services_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in SERVICES["api"]["environment"].items():
        monkeypatch.setenv(key, re.sub(r"\$\{\w+:-(\w*)\}", r"\1", value))
    settings = Settings()
    assert settings.resolved_database_url == "postgresql+psycopg://tablestakes:tablestakes@postgres:5432/tablestakes"
    assert settings.log_json is True
    assert settings.rate_seats_per_second > 0
    assert settings.rate_app_per_second == 0  # diners are shed under load, not rationed


@pytest.mark.parametrize("name", ["api", "worker", "tracked-worker", "seed", "backup"])
def test_the_commands_are_commands_of_ours(name: str) -> None:
    from services.cli.main import app

    known = {command.name or command.callback.__name__.rstrip("_") for command in app.registered_commands}
    words = [str(word) for word in SERVICES[name]["command"]]
    used = {words[1]} if words[0] == "tablestakes" else set(re.findall(r"tablestakes (\w+)", words[-1]))
    assert used
    assert used <= known


@shipped
def test_images_run_as_a_high_user_without_a_shell_form(stage: str) -> None:
    user = [rest for word, rest in STAGES[stage] if word == "USER"][-1]
    assert all(int(part) >= 10_000 for part in user.split(":"))
    assert user == SERVICES["api"]["user"]
    commands = [rest for word, rest in STAGES[stage] if word in {"CMD", "ENTRYPOINT"}]
    assert commands
    assert all(command.startswith("[") for command in commands)


@shipped
def test_images_hold_neither_compiler_nor_source(stage: str) -> None:
    own = [(word, rest) for word, rest in STAGES[stage] if word in {"RUN", "COPY", "ADD"}]
    assert not any("gcc" in rest or "pip install" in rest for word, rest in own if word == "RUN")
    assert all(rest.startswith("--from=build") for word, rest in own if word == "COPY")
    assert not any(word == "ADD" for word, _ in own)


@shipped
def test_processes_get_one_blas_thread(stage: str) -> None:
    environment = " ".join(rest for word, rest in STAGES[stage] if word == "ENV")
    assert "OPENBLAS_NUM_THREADS=1" in environment
    assert "OMP_NUM_THREADS=1" in environment


def test_the_runtime_image_says_when_it_is_ready() -> None:
    check = next(rest for word, rest in STAGES["runtime"] if word == "HEALTHCHECK")
    assert "/health/ready" in check
    assert ("STOPSIGNAL", "SIGTERM") in STAGES["runtime"]


def test_the_build_is_locked_and_portable() -> None:
    environment = " ".join(rest for word, rest in STAGES["build"] if word == "ENV")
    assert "LIGHTFM_NO_CFLAGS=1" in environment
    installs = [rest for word, rest in STAGES["build"] if word == "RUN" and "pip install" in rest]
    assert len(installs) == 2
    assert all("--require-hashes" in rest or "--no-deps ." in rest for rest in installs)
    updates = [rest for stage in STAGES.values() for word, rest in stage if "apt-get update" in rest]
    assert all("rm -rf /var/lib/apt/lists/*" in rest and "--no-install-recommends" in rest for rest in updates)


def test_base_images_are_pinned_to_a_version() -> None:
    assert {rest for stage in STAGES.values() for word, rest in stage if word == "FROM"} == {
        "python:3.12-slim-trixie",
        f"ghcr.io/mlflow/mlflow:v{locked('mlflow-skinny')}",
    }


def locked(package: str) -> str:
    """The version in the lock."""
    lock = (ROOT / "requirements/dev.txt").read_text()
    return re.findall(rf"^{package}==(\S+)", lock, re.MULTILINE)[0]


def test_the_image_has_the_tools_of_the_database_that_is_backed_up() -> None:
    server = re.findall(r"postgres:(\d+)", SERVICES["postgres"]["image"])[0]
    installed = " ".join(rest for word, rest in STAGES["runtime"] if word == "RUN")
    assert f"postgresql-client-{server}" in installed
    mounted = SERVICES["backup"]["volumes"]
    assert mounted == ["home:/var/lib/tablestakes:ro", "backups:/backups"]
    assert "/backups" in " ".join(rest for word, rest in STAGES["base"] if word == "RUN")


def test_whoever_tracks_runs_has_the_client_and_stands_where_the_worker_stood() -> None:
    tracked, plain = SERVICES["tracked-worker"], SERVICES["worker"]
    assert tracked["command"] == plain["command"]
    assert tracked["networks"]["inside"]["aliases"] == ["worker"]
    uri = tracked["environment"]["TABLESTAKES_MLFLOW_URI"]
    assert {**plain["environment"], "TABLESTAKES_MLFLOW_URI": uri} == tracked["environment"]
    host = uri.removeprefix("http://")
    assert any(f"--allowed-hosts={host}," in part for part in SERVICES["mlflow"]["command"])
    assert "requirements/dev.txt" in " ".join(rest for _, rest in STAGES["build-load"])


def test_the_build_context_has_what_is_copied_and_nothing_secret() -> None:
    allowed = {line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    for stage in ("build", "build-load"):
        for word, rest in STAGES[stage]:
            if word == "COPY":
                assert {source.split("/")[0] for source in rest.split()[:-1]} <= allowed
    assert not {"var", ".git", "tests", ".venv"} & allowed
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_the_dashboards_use_the_provisioned_data_source() -> None:
    sources = yaml.safe_load((ROOT / "ops/grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    panels = [panel for dashboard in DASHBOARDS for panel in dashboard["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in panels} == {sources[0]["uid"]}
    assert sources[0]["url"] == "http://prometheus:9090"
    providers = yaml.safe_load((ROOT / "ops/grafana/provisioning/dashboards/tablestakes.yml").read_text())["providers"]
    mounts = [volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"]]
    assert ["./ops/grafana/dashboards", providers[0]["options"]["path"]] in mounts


def test_prometheus_scrapes_every_replica_and_the_worker() -> None:
    jobs = {job["job_name"]: job for job in yaml.safe_load((ROOT / "ops/prometheus.yml").read_text())["scrape_configs"]}
    found = {name: job["dns_sd_configs"][0] for name, job in jobs.items()}
    port = int(SERVICES["worker"]["environment"]["TABLESTAKES_WORKER_METRICS_PORT"])
    targets = {name: (one["names"], one["type"], one["port"]) for name, one in found.items()}
    assert targets == {"tablestakes": (["api"], "A", 8000), "tablestakes-worker": (["worker"], "A", port)}
    assert {job["metrics_path"] for job in jobs.values()} == {"/metrics"}


def test_prometheus_finds_its_rules() -> None:
    rules = yaml.safe_load((ROOT / "ops/prometheus.yml").read_text())["rule_files"]
    mounted = {volume.split(":")[1] for volume in SERVICES["prometheus"]["volumes"]}
    assert {f"/etc/prometheus/{name}" for name in rules} <= mounted


def test_the_proxy_reaches_the_replicas_and_hides_their_metrics() -> None:
    text = (ROOT / "ops/nginx.conf").read_text()
    assert text.count("{") == text.count("}")
    assert "server api:8000 resolve" in text
    assert "listen 8080;" in text
    assert SERVICES["proxy"]["ports"] == ["127.0.0.1:8000:8080"]
    assert re.search(r"location = /metrics \{\s+return 404;", text)


def compose_client() -> list[str] | None:
    """`docker compose` or `docker-compose`, where one is there and works."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        if subprocess.run([*command, "version"], capture_output=True, check=False).returncode == 0:
            return command
    return None


def test_the_compose_client_accepts_the_file() -> None:
    client = compose_client()
    if client is None:
        pytest.skip("no docker compose client here")
    profiles = [word for name in ("load", "tracking", "backup") for word in ("--profile", name)]
    command = [*client, "--file", str(ROOT / "docker-compose.yml"), *profiles, "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_database_has_locks_for_a_year_of_days_on_every_connection() -> None:
    """Of two API processes, the worker and the child that it starts; the server's own limit is a hundred."""
    connections = 4 * MOST_CONNECTIONS
    [setting] = [part for part in SERVICES["postgres"]["command"] if part.startswith("max_locks_per_transaction=")]
    locks = int(setting.partition("=")[2]) * 100
    assert connections < 100
    assert locks >= connections * LOCKS_A_DAY * 366
