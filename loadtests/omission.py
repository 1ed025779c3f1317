"""Coordinated omission, held against what must come out: python -m loadtests.omission [--autocannon FILE] [--json FILE]

A server that stands still for S seconds at the end of every P. Whoever asks at fixed times finds, in closed form: a
share S/P of all requests is due into a stall, t seconds into it a request waits S - t, so the quantile at q is

    0                           for q <= 1 - S/P
    S (q - (1 - S/P)) / (S/P)   above

Asked are this package's open loop and its closed loop, the latter to show what the omission hides; and, where
`autocannon` (npm, MIT) is given, that too, with its correction (`-R`) and without. Its correction is of another kind: a
request that took long stands for those that its connection could not send meanwhile.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from loadtests.closed_loop import run_closed_loop
from loadtests.connection import Target
from loadtests.histogram import Histogram
from loadtests.open_loop import run_open_loop
from loadtests.provenance import provenance
from loadtests.servers import Server, end_tidily, serving
from loadtests.trace import Planned, arrival_times

PERIOD: Final = 2.5
STALL: Final = 0.5
RATE: Final = 200.0
_QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p97.5": 0.975, "p99": 0.99}
_CONNECTIONS: Final = 20

_STALLING: Final = f"""
import selectors, socket, sys, time
listening = socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), backlog=256)
watch, begin = selectors.DefaultSelector(), None
watch.register(listening, selectors.EVENT_READ)
while True:
    for key, _ in watch.select():
        if key.fileobj is listening:
            link, _ = listening.accept()
            watch.register(link, selectors.EVENT_READ)
            continue
        asked = key.fileobj.recv(65536)
        if not asked:
            watch.unregister(key.fileobj)
            key.fileobj.close()
            continue
        if b"/ready" not in asked:
            begin = time.monotonic() if begin is None else begin
            into = (time.monotonic() - begin) % {PERIOD}
            if into > {PERIOD - STALL}:
                time.sleep({PERIOD} - into)
        answers = asked.count(b"\\r\\n\\r\\n")
        key.fileobj.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{{}}" * answers)
"""


def expected_ms(q: float) -> float:
    """The quantile in closed form, ms.

    >>> expected_ms(0.5), round(expected_ms(0.9), 6), round(expected_ms(0.99), 6)
    (0.0, 250.0, 475.0)
    """
    share = STALL / PERIOD
    return 1e3 * max(0.0, STALL * (q - (1.0 - share)) / share)


def _stalling(folder: Path) -> Any:
    command = [sys.executable, "-c", _STALLING]
    return serving("the stalling server", command, log=folder / "stalling.log", ready_path="/ready", core=None)


def open_loop(server: Server, seconds: float) -> Histogram:
    """Requests at equal distances."""
    times = arrival_times(RATE, seconds, np.random.default_rng(0), "uniform")
    trace = [Planned(float(at), "/") for at in times]
    return run_open_loop(server.target, trace, connections=_CONNECTIONS).latencies


def closed_loop(server: Server, seconds: float) -> Histogram:
    """Each connection as fast as it is answered."""
    return run_closed_loop(
        server.target, [server.target.request("/")], seconds=seconds, connections=_CONNECTIONS
    ).latencies


def autocannon(program: Path, target: Target, seconds: float, corrected: bool) -> dict[str, float]:
    """Its quantiles, ms."""
    command = [str(program), "-c", str(_CONNECTIONS), "-d", f"{seconds:.0f}", "-R", f"{RATE:.0f}", "--json", "-n"]
    command += [] if corrected else ["--ignoreCoordinatedOmission"]
    done = subprocess.run(
        [*command, f"http://{target.host}:{target.port}/"], capture_output=True, check=True, timeout=seconds + 60
    )
    found = json.loads(done.stdout)["latency"]
    return {name: float(found[name.replace(".", "_")]) for name in _QUANTILES if name.replace(".", "_") in found}


def measure(folder: Path, seconds: float, program: Path | None = None) -> dict[str, dict[str, float]]:
    """Quantiles in ms by who asked; a fresh server for each, so that the stalls come at the same times."""
    found = {"in closed form": {name: expected_ms(q) for name, q in _QUANTILES.items()}}
    for name, ask in (("open loop", open_loop), ("closed loop", closed_loop)):
        with _stalling(folder) as server:
            histogram = ask(server, seconds)
        found[name] = {label: histogram.quantile_ms(q) for label, q in _QUANTILES.items()}
    if program is not None:
        for corrected in (True, False):
            with _stalling(folder) as server:
                name = f"autocannon, {'corrected' if corrected else 'correction off'}"
                found[name] = autocannon(program, server.target, seconds, corrected)
    return found


def lines(found: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The table."""
    text = [f"| latency, ms | {' | '.join(_QUANTILES)} |", "|---" * (1 + len(_QUANTILES)) + "|"]
    for name, values in found.items():
        cells = [f"{values[label]:,.0f}" if label in values else "–" for label in _QUANTILES]
        text.append(f"| {name} | {' | '.join(cells)} |")
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Ask and print; 1 where the open loop is off by more than a tenth of the stall."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.omission", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--seconds", type=float, default=6 * PERIOD, help="of each run; whole periods")
    parser.add_argument("--autocannon", type=Path, metavar="FILE", help="the program, from `npm install autocannon`")
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args(argv)
    if chosen.autocannon is not None and shutil.which(chosen.autocannon) is None:
        parser.error(f"{chosen.autocannon} is no program")
    with tempfile.TemporaryDirectory(prefix="tablestakes-omission-") as folder:
        began = time.monotonic()
        found = measure(Path(folder), chosen.seconds, chosen.autocannon)
    print(f"{RATE:g}/s, a stall of {STALL:g} s in every {PERIOD:g} s; {time.monotonic() - began:.0f} s")
    print("\n".join(lines(found)))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps({"quantiles_ms": found, "provenance": provenance()}, indent=2) + "\n")
    off = max(abs(found["open loop"][name] - expected_ms(q)) for name, q in _QUANTILES.items())
    return 0 if off <= 100 * STALL else 1


if __name__ == "__main__":
    end_tidily()
    sys.exit(main())
