"""Servers are started, measured and stopped as real processes."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import loadtests
from loadtests import noop
from loadtests.comparison import Contestant, interleave
from loadtests.processes import cpu_seconds, descendants, machine_busy_seconds, pin, settle
from loadtests.servers import ServerError, serving, uvicorn_command
from services.api.schemas import RecommendationQuery

ANSWER = b'{"items": [1, 2, 3]}'
linux = pytest.mark.skipif(not Path("/proc/stat").exists(), reason="needs /proc")


@pytest.fixture(name="answer")
def _answer(tmp_path: Path) -> Path:
    path = tmp_path / "answer.json"
    path.write_bytes(ANSWER)
    return path


@linux
def test_the_no_op_answers_with_the_same_bytes_and_is_measured(answer: Path, tmp_path: Path) -> None:
    environment = {noop.ANSWER_VARIABLE: str(answer)}
    command = uvicorn_command("loadtests.noop:create_app")
    with serving("no-op", command, log=tmp_path / "log", environment=environment) as server:
        for path in ("/v1/recommendations?user_id=u1&k=20", "/bare"):
            with urllib.request.urlopen(server.url + path) as response:
                assert response.read() == ANSWER
        contestants = [
            Contestant("declared", server, ["/v1/recommendations?user_id=u1&k=20"], {}),
            Contestant("bare", server, ["/bare"], {}),
        ]
        rounds = interleave(contestants, rounds=2, seconds=0.3)
        pids = server.pids
    assert len(rounds) == 2
    for each in rounds:
        assert each["declared"].errors == each["bare"].errors == 0
        assert each["declared"].bytes_per_answer > len(ANSWER)
        assert 10 < each["bare"].cpu_us < each["declared"].cpu_us < 5_000
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_the_no_op_declares_the_parameters_of_the_real_route(answer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(noop.ANSWER_VARIABLE, str(answer))
    operation = noop.create_app().openapi()["paths"]["/v1/recommendations"]["get"]
    assert {each["name"] for each in operation["parameters"]} == set(RecommendationQuery.model_fields)


def test_a_server_that_ends_is_reported_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such champion')"]
    with pytest.raises(ServerError, match="no such champion"), serving("it", command, log=tmp_path / "log"):
        pass


def test_a_server_that_never_gets_ready_is_stopped(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; print('thinking', flush=True); time.sleep(60)"]
    with (
        pytest.raises(ServerError, match="not ready in 1 s: thinking"),
        serving("it", command, log=tmp_path / "log", ready_seconds=1.0),
    ):
        pass


TOLD_TO_END = """
import os, sys, time
from pathlib import Path
from loadtests.servers import end_tidily, serving
end_tidily()
child = (
    "import http.server as h, sys;"
    "h.test(h.SimpleHTTPRequestHandler, port=int(sys.argv[sys.argv.index('--port') + 1]))"
)
with serving("it", [sys.executable, "-c", child], log=Path(sys.argv[1]), ready_path="/", core=None) as server:
    print(server.process.pid, flush=True)
    time.sleep(60)
"""


@linux
def test_a_command_that_is_told_to_end_leaves_no_server_behind(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", TOLD_TO_END, str(tmp_path / "log")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    served = int(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 128 + signal.SIGTERM
    process.communicate()
    assert not Path(f"/proc/{served}").exists()


def test_every_program_that_starts_servers_ends_tidily() -> None:
    programs = [each for each in Path(loadtests.__file__).parent.rglob("*.py") if '"__main__":' in each.read_text()]
    starting = [each for each in programs if re.search(r"\b(serving|Stage|running_postgres)\b", each.read_text())]
    assert len(starting) >= 9
    assert [each.name for each in starting if '"__main__":\n    end_tidily()' not in each.read_text()] == []


@linux
def test_processor_time_is_read_from_the_kernel() -> None:
    before, busy_before = cpu_seconds([os.getpid()]), machine_busy_seconds()
    while cpu_seconds([os.getpid()]) < before + 0.1:
        sum(range(10_000))
    # Ticks of the machine and of the process are counted apart, so they may differ by one.
    assert machine_busy_seconds() - busy_before >= 0.08
    assert descendants(os.getpid())[0] == os.getpid()


@linux
def test_the_cost_of_a_process_that_is_gone_is_not_a_number() -> None:
    assert cpu_seconds([2**22 + 1]) != cpu_seconds([2**22 + 1])


@linux
def test_a_core_that_does_not_exist_is_not_pinned_to() -> None:
    assert pin(os.getpid(), 10_000) is False


def test_the_locustfile_loads_in_a_process_of_its_own() -> None:
    """Never imported here: gevent patches the standard library of the process that imports locust."""
    script = "import loadtests.locustfile as f, json; print(json.dumps([f.Diner.__name__, f.KEY_VARIABLE]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["Diner", "LOADTESTS_KEY"]


OWES = """
import time
print("begun", flush=True)
while time.process_time() < 2.0:
    pass
print("done", flush=True)
time.sleep(60)
"""


@linux
def test_what_a_server_still_has_to_do_is_waited_for_and_counted() -> None:
    with subprocess.Popen([sys.executable, "-c", OWES], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            assert 1.0 < settle([process.pid]) <= 2.1
            os.set_blocking(process.stdout.fileno(), False)
            assert process.stdout.read() == b"done\n"
            assert settle([process.pid]) == 0.0
        finally:
            process.kill()


@linux
def test_a_server_that_never_rests_is_not_waited_for_for_ever() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            assert settle([process.pid], at_most_seconds=1.0) > 0.5
        finally:
            process.kill()
