"""explain on the command line: words and sums, and clear refusals."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.errors import WRONG_USE, describe
from services.cli.main import app
from tests.api.conftest import running
from tests.conftest import SmallCity


@pytest.fixture(scope="module")
def home(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("explain") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    return home


@pytest.fixture(scope="module")
def answer(home: Path, small_city: SmallCity) -> dict[str, Any]:
    with running(home) as client:
        client.headers["Authorization"] = f"Bearer {small_city.keys['app']}"
        params = {"user_id": "d0-000003", "k": 5, "explain": "reasons"}
        body: dict[str, Any] = client.get("/v1/recommendations", params=params).json()
    return body


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLESTAKES_HOME", str(home))


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["explain", *arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_words_and_sums_are_shown(answer: dict[str, Any]) -> None:
    first, second = answer["items"][:2]
    said = run(answer["request_id"], first["restaurant_id"], "--against", second["restaurant_id"], "--what-if")
    assert said.startswith(f"{first['restaurant_id']} stood at number 1 with {first['score']:.6f}\n")
    for note in first["reasons"]:
        assert note["text"] in said
    assert re.search(rf"sum +\+{first['score']:.6f}", said)
    assert f"{first['name']} stands 1st" in said
    assert "What if\n  as it was: number 1\n" in said
    assert "to reach number 1: it stood there already\n" in said
    assert "by a bid: the policy sold no places" in said


def test_json_has_everything(answer: dict[str, Any]) -> None:
    found = json.loads(run(answer["request_id"], answer["items"][1]["restaurant_id"], "--what-if", "--json"))
    assert found["rank"] == 2
    assert found["what_if"]["now"]["rank"] == 2
    assert "what_if" not in json.loads(run(answer["request_id"], answer["items"][1]["restaurant_id"], "--json"))


@pytest.mark.parametrize("wrong", ["request", "restaurant", "against"])
def test_what_is_not_there_is_named(answer: dict[str, Any], wrong: str) -> None:
    given = [
        answer["request_id"],
        answer["items"][0]["restaurant_id"],
        "--against",
        answer["items"][1]["restaurant_id"],
    ]
    given[{"request": 0, "restaurant": 1, "against": 3}[wrong]] = "nowhere"
    error = CliRunner().invoke(app, ["explain", *given]).exception
    assert isinstance(error, Exception)
    code, text = describe(error)
    assert code == WRONG_USE
    assert "'nowhere'" in text
