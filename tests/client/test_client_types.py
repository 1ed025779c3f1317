"""mypy reads the client's examples without a complaint, and complains of what is wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.conftest import PROJECT
from tests.client.test_client_journeys import readme_code

MISUSE = """
from datetime import datetime

from tablestakes_client import AuthenticatedClient, Client
from tablestakes_client.api.policies import get_policy
from tablestakes_client.api.recommending import get_recommendations
from tablestakes_client.models import EventWrite, Recommendations

known = AuthenticatedClient("http://localhost", token="tk")
found: Recommendations = get_recommendations.sync(client=known, user_id="d", explain="full")
first: str = found.items[0].name
shortlist: int = get_policy.sync("balanced", client=known).shortlist
word: str = found.degraded[0].code

get_recommendations.sync(client=known)  # wrong: call-arg
get_recommendations.sync(client=Client("http://localhost"), user_id="d")  # wrong: arg-type
get_recommendations.sync(client=known, user_id="d", k="ten")  # wrong: arg-type
get_recommendations.sync(client=known, user_id="d", explain="everything")  # wrong: arg-type
EventWrite(event_id="1", type_="ordr", user_id="d", restaurant_id="r", at=datetime.now())  # wrong: arg-type
EventWrite(event_id="1", type_="order", user_id="d", restaurant_id="r", at="2026-01-09")  # wrong: arg-type
found.itmes  # wrong: attr-defined
price: str = found.items[0].price_level  # wrong: assignment
"""


def mypy(code: str, folder: Path) -> list[str]:
    """What it says, a line each: `line: [code]`."""
    (folder / "program.py").write_text(code)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", "program.py"]
    environment = {**os.environ, "MYPYPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    return re.findall(r"^program\.py:(\d+): error: .*\[([\w-]+)\]$", done.stdout, re.MULTILINE) or (
        done.stdout.splitlines()
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all, so that mypy remembers the package."""
    return tmp_path_factory.mktemp("typed")


def test_the_examples_are_typed(folder: Path) -> None:
    assert mypy(readme_code(), folder) == []


def test_misuse_is_refused_and_use_is_not(folder: Path) -> None:
    lines = enumerate(MISUSE.splitlines(), 1)
    wrong = [(str(number), line.rpartition("# wrong: ")[2]) for number, line in lines if "# wrong: " in line]
    assert len(wrong) == 8
    assert mypy(MISUSE, folder) == wrong


@pytest.mark.long
def test_the_whole_client_is_typed(folder: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "-p", "tablestakes_client"]
    environment = {**os.environ, "MYPYPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
