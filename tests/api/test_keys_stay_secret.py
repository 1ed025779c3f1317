"""After a session with everything in it, the keys that were used stand nowhere but in `keys.json`."""

import json
import logging
from contextlib import ExitStack
from pathlib import Path

import pytest

import services.api.hot_path as hot_path
from services.monitoring.logs import configure_logs
from tests.api.conftest import running
from tests.conftest import SmallCity

CALLS = (
    ("GET", "/v1/recommendations?user_id=d0-000001"),
    ("GET", "/v1/recommendations?user_id=d0-000001&k=0"),
    ("POST", "/v1/events"),
    ("PUT", "/v1/restaurants/r-new"),
    ("PUT", "/v1/freeze"),
    ("DELETE", "/v1/users/d0-000009"),
    ("GET", "/v1/audit-trail"),
    ("GET", "/v1/nothing"),
)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_used_key_stands_nowhere(
    fresh_home: Path,
    small_city: SmallCity,
    stack: ExitStack,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    as_json: bool,
) -> None:
    kept = (logging.getLogger().handlers[:], logging.getLogger().level)
    client = stack.enter_context(running(fresh_home, slow_request_ms=1))
    configure_logs("debug", as_json)
    shown = []
    try:
        for key in small_city.keys.values():
            for header in (f"Bearer {key}", f"Bearer {key}x", f"Basic {key}", key):
                for method, path in CALLS:
                    body = {"json": {"reason": key, "market": key}} if method in ("PUT", "POST") else {}
                    answer = client.request(method, path, headers={"Authorization": header}, **body)
                    shown += [answer.text, str(answer.headers)]
        monkeypatch.setattr(hot_path, "answer", _fails_with(small_city.keys["app"]))
        failed = client.get(CALLS[0][1], headers={"Authorization": f"Bearer {small_city.keys['app']}"})
        assert failed.status_code == 500
        trail = client.get("/v1/audit-trail", headers={"Authorization": f"Bearer {small_city.keys['auditor']}"}).text
        shown += [failed.text, client.get("/metrics").text, trail]
    finally:
        logging.getLogger().handlers[:], level = kept
        logging.getLogger().setLevel(level)
    logged = capsys.readouterr()
    shown += [logged.out, logged.err]

    assert "request_failed" in logged.err
    for name, key in small_city.keys.items():
        secret = key.rsplit(f"ts_{name}_", 1)[-1]
        assert not any(secret in text for text in shown), name


def _fails_with(key: str):  # type: ignore[no-untyped-def]
    async def answer(*_: object) -> None:
        raise RuntimeError(f"planted: Bearer {key}")

    return answer


def test_the_home_holds_keys_in_one_file_that_is_the_owners_alone(fresh_home: Path, stack: ExitStack) -> None:
    client = stack.enter_context(running(fresh_home))
    keys = json.loads((fresh_home / "keys.json").read_text())
    client.get("/v1/markets", headers={"Authorization": f"Bearer {keys['app']}"})

    holding = {
        path.name
        for path in fresh_home.rglob("*")
        if path.is_file() and any(key.encode() in path.read_bytes() for key in keys.values())
    }
    assert holding == {"keys.json", "ready"}  # `ready`: these tests' own
    assert (fresh_home / "keys.json").stat().st_mode & 0o077 == 0
