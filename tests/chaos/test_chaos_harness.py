"""The harness sees what it is there to see: planted losses, foreign values, lateness, and a clock that jumps."""

import contextlib
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from loadtests.chaos import cache_days, clock_days, process_days
from loadtests.chaos.__main__ import main, played
from loadtests.chaos.days import Day
from loadtests.chaos.intake import ledger_checks, stream_of
from loadtests.chaos.promises import Check, Report, all_of, none_of, within
from loadtests.chaos.redis_server import OwnRedis, SlowProxy
from loadtests.chaos.report import lines, summary, write_html, write_json
from loadtests.chaos.stage import Stage, clean_log
from loadtests.chaos.traffic import UNANSWERED, Answer, Answers, Stream, header_of
from loadtests.connection import LOST, Target
from loadtests.servers import free_port

STALL = """
import http.server, socketserver, sys, time
began = time.monotonic()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/stall" and 0.5 < time.monotonic() - began < 1.0:
            time.sleep(1.0 - (time.monotonic() - began))
        self.send_response(503 if self.path == "/away" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_): pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
print("up", flush=True)
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def target() -> Iterator[Target]:
    """A server that stalls for half a second, half a second after its start."""
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", STALL, str(port)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.1)
        yield Target("127.0.0.1", port)
        process.kill()


def test_a_stall_is_seen_by_all_who_came_into_it(target: Target) -> None:
    request = target.request("/stall")
    with Stream(target, lambda _: request, 100.0) as stream:
        time.sleep(1.5)
    answers = stream.answers

    assert answers.good == len(answers) > 100
    assert [each.number for each in answers] == list(range(len(answers)))
    assert answers.ms(1.0) > 300.0
    assert len(answers.that(lambda each: each.ms > 100.0)) > 20  # one at a time would have seen one


def test_errors_and_broken_connections_are_counted(target: Target) -> None:
    away = target.request("/away")
    with Stream(
        target, lambda _: away, 100.0, lambda number, answer: (number, header_of(answer, b"content-length"))
    ) as stream:
        time.sleep(0.3)
    assert stream.answers.server_errors == len(stream.answers) > 10
    assert all(each.note == (each.number, b"2") for each in stream.answers)
    with Stream(Target("127.0.0.1", free_port()), lambda _: away, 100.0) as stream:
        time.sleep(0.2)
    assert set(stream.answers.statuses) == {"lost"}


def test_answers_are_told_apart_by_when_they_were_due() -> None:
    answers = Answers(Answer(n, due=float(n), at=n + 0.5, status=200 if n % 2 else LOST) for n in range(10))

    assert [each.number for each in answers.due(2.0, 5.0)] == [2, 3, 4]
    assert [each.number for each in answers.outside([(0.0, 3.0), (4.0, 9.0)])] == [3, 9]
    assert answers.good == 5
    assert answers.ms(0.5) == pytest.approx(500.0)
    assert Answers([Answer(0, 0.0, 1.0, UNANSWERED)]).statuses == {"unanswered": 1}


def test_a_promise_of_nothing_is_not_kept() -> None:
    assert none_of("a", 0, 10).kept
    assert not none_of("a", 1, 10).kept
    assert not none_of("nobody was asked", 0, 0).kept
    assert all_of("a", 10, 10).kept
    assert not all_of("a", 9, 10).kept
    assert not all_of("nobody was asked", 0, 0).kept
    assert not within("a", float("nan"), 1.0).kept


def test_a_day_that_breaks_off_has_shown_nothing(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    def breaks(_: Stage) -> tuple[list[Check], dict[str, int]]:
        raise RuntimeError("planted")

    report = played(Day("x", "X", breaks), stage)
    capsys.readouterr()

    assert not report.kept(timed=False)
    assert "planted" in "\n".join(lines(report))


def test_reports_hold_the_promises_and_where_they_come_from(tmp_path: Path) -> None:
    kept, late = Check("never lost", "0 of 5", kept=True), Check("in <time>", "9 ms", kept=False, timed=True)
    report = Report("a-day", "A day", 1.0, (kept, late), {"n": 5})
    write_json(tmp_path / "r.json", [report], quick=True)
    write_html(tmp_path / "r.html", [report], quick=True)

    assert report.kept(timed=False)
    assert not report.kept(timed=True)
    assert "1 not kept" in summary([report])
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["days"][0]["checks"][1]["kept"] is False
    assert document["provenance"]["machine"]["cores"] >= 1
    assert "in &lt;time&gt;" in (tmp_path / "r.html").read_text()


def test_the_command_names_the_days(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert "redis-killed" in capsys.readouterr().out
    assert main(["no-such-day"]) == 2


def test_a_stack_trace_in_the_log_is_found(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text('{"event": "all is well"}\nplain\n')
    assert clean_log(log).kept
    log.write_text(
        json.dumps({"event": "e", "exception": "Traceback (most recent call last):\n  x\nValueError: planted"})
    )
    found = clean_log(log)
    assert not found.kept
    assert "ValueError: planted" in found.seen


def test_an_answer_before_its_sync_is_found(tmp_path: Path) -> None:
    """A trace of one event in order, one whose answer came first, one whose sync failed."""
    wal = "9</h/tablestakes.db-wal>"
    written, synced, failed = (
        '1 pwrite64({}, "..{}..", 4096, 0) = 4096',
        f"1 fdatasync({wal}) = 0",
        f"1 fdatasync({wal}) = -1 EIO",
    )
    answer = '1 writev(5<socket:[1]>, [{iov_base="HTTP/1.1 202 Accepted"}], 1) = 21'
    trace = tmp_path / "trace"
    calls = [written.format(wal, "e-1"), synced, answer]
    calls += [written.format(wal, "e-2"), answer, synced]
    calls += [written.format(wal, "e-3"), failed, answer]
    calls += [synced, written.format(wal, "e-4"), "2 <... fdatasync resumed>) = 0", answer]
    trace.write_text("\n".join(calls))
    assert process_days._proven(trace, ["e-1", "e-2", "e-3", "e-4"]) == (2, 2)


def test_a_lost_event_and_a_double_one_are_found(stage: Stage) -> None:
    """An acknowledged event is taken out of the log, and another one is queued for billing no more."""
    home = stage.fresh_home(stage.fresh_folder())
    file = home.path / "tablestakes.db"
    with stage.serve(home) as server:
        with stream_of(stage, server, home, "p", 60.0) as stream:
            time.sleep(0.5)
        with contextlib.closing(sqlite3.connect(file, timeout=30.0)) as database, database:
            database.execute("DELETE FROM events WHERE event_id = 'chaosp-00000003'")
            database.execute("DELETE FROM billing_queue WHERE event_id = 'chaosp-00000005'")
        found = ledger_checks(stage, server, home, stream.answers, "p", f"sqlite:///{file}")
    broken = [check.promise for check in found if not check.kept]
    assert broken == ["an acknowledged event is lost", "each click is queued for billing once, or settled"]


def test_the_proxy_delays_and_keeps_the_order(folder: Path) -> None:
    home = folder / "proxy"
    home.mkdir()
    with OwnRedis(home) as redis, SlowProxy(home, redis.url, 0.2) as proxy, Redis.from_url(proxy.url) as client:
        began = time.monotonic()
        pipeline = client.pipeline(transaction=False)
        for number in range(50):
            pipeline.echo(str(number))
        assert pipeline.execute() == [str(number).encode() for number in range(50)]
        assert time.monotonic() - began >= 0.2


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_clock_jumps_for_the_process_alone_and_what_never_goes_back_does_not(folder: Path) -> None:
    home = folder / "clock"
    home.mkdir()
    clock = clock_days.JumpingClock(home)
    program = (
        "import sys, time, datetime\n"
        "for _ in sys.stdin: print(time.time(), datetime.datetime.now().timestamp(), time.monotonic(), flush=True)"
    )
    command = [*clock.under, sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        seen = []
        for offset in (0, -86_400, 3_600):
            clock.set(offset)
            process.stdin.write("\n")
            process.stdin.flush()
            seen.append([float(text) for text in process.stdout.readline().split()])
        process.stdin.close()
    now = time.time()
    offsets = [round((wall - now) / 600) * 600 for wall, _, _ in seen]
    assert offsets == [0, -86_400, 3_600]
    assert all(abs(wall - stamp) < 60 for wall, stamp, _ in seen)
    assert seen[0][2] <= seen[1][2] <= seen[2][2] < seen[0][2] + 60


def test_a_list_must_say_that_redis_is_away_until_it_may_be_back(tmp_path: Path) -> None:
    """From the cure on it may answer at any moment, so nothing is asked of a list that was answered after it."""
    log = tmp_path / "server.log"
    log.write_text("")
    outage = cache_days.Outage(begin=100.0, cure=101.5, end=102.5)

    def unsaid(*times: tuple[float, float]) -> Check:
        steady = [(90.0 + n / 100, 90.001 + n / 100) for n in range(50)] + [
            (102.5 + n / 100, 102.501 + n / 100) for n in range(50)
        ]
        every = sorted([*steady, *times, (101.0, 101.001)])
        said = [Answer(n, due, at, 200, note=due == 101.0) for n, (due, at) in enumerate(every)]
        checks, _ = cache_days._judged(Answers(said), [outage], log)
        return next(check for check in checks if check.promise == "a list made without Redis does not say so")

    assert unsaid((101.6, 101.601), (101.499, 101.502)).kept
    assert not unsaid((101.3, 101.301)).kept
    assert unsaid((99.999, 100.001), (100.001, 100.003)).kept
