"""The Dockerfile breaks no rule, and each rule catches what it is for."""

from pathlib import Path

import pytest
import yaml
from dockerfile_lint import faults

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text()
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
RUN = frozenset(service["build"]["target"] for service in SERVICES.values() if "build" in service)

PLANTED = {
    "latest": ("FROM python:3.12-slim-trixie AS build", "FROM python:latest AS build", "DL3006"),
    "no version": ("FROM python:3.12-slim-trixie AS base", "FROM python AS base", "DL3006"),
    "root": ("USER 10001:10001\nVOLUME /var", "USER root\nVOLUME /var", "DL3002"),
    "user by name": ("USER 10001:10001\nVOLUME /var", "USER tablestakes\nVOLUME /var", "DL3002"),
    "shell form": ('CMD ["tablestakes", "serve"', 'CMD tablestakes serve #["', "DL3025"),
    "secret": ("ENV LIGHTFM_NO_CFLAGS=1", "ENV API_KEY=ts_admin_x LIGHTFM_NO_CFLAGS=1", "TS0001"),
    "password in an address": ("EXPOSE 8000", "ENV URL=redis://me:secret@redis/0\nEXPOSE 8000", "TS0001"),
    "unlocked": ("pip install --require-hashes -r requirements/runtime.txt", "pip install fastapi", "DL3013"),
    "index": ("--require-hashes -r requirements/dev.txt", "--require-hashes --index-url x -r y", "TS0003"),
    "recommends": ("install --yes --no-install-recommends libgomp1", "install --yes libgomp1", "DL3015"),
    "lists": ("gcc libc6-dev \\\n    && rm -rf /var/lib/apt/lists/*", "gcc libc6-dev", "DL3009"),
    "apt asks": (
        "install --yes --no-install-recommends libgomp1",
        "install --no-install-recommends libgomp1",
        "DL3014",
    ),
    "add": ("COPY data data", "ADD data data", "DL3020"),
    "piped": ("RUN python -m venv /opt/venv", "RUN curl x | sh", "TS0002"),
    "sudo": ("RUN python -m venv /opt/venv", "RUN sudo python -m venv /opt/venv", "DL3004"),
    "relative place": ("WORKDIR /src", "WORKDIR src", "DL3000"),
    "no place": ("WORKDIR /src\n", "", "DL3045"),
    "stage": ("COPY --from=build-load", "COPY --from=builder", "DL3022"),
    "nonsense": ("EXPOSE 8000", "EXPOSED 8000", "DL1000"),
}


def test_the_dockerfile_breaks_no_rule() -> None:
    assert {"runtime", "load", "mlflow"} == RUN
    assert faults(TEXT, RUN) == []


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_fault_is_caught(name: str) -> None:
    was, becomes, rule = PLANTED[name]
    assert was in TEXT
    text = TEXT.replace(was, becomes, 1)
    found = faults(text, RUN)
    assert any(one.startswith(rule) for one in found), found
