"""How much memory a diner takes in Redis, and a worker with a large catalogue.

python -m loadtests.memory [--quick] [--restaurants 1000 10000 100000] [--workers 1 2 4] [--homes DIR] [--json FILE]

Diners: the states of a generated city's diners, with what each did in the last days of its log, put by the real cache
into a real Redis under as many ids as are asked for; `used_memory` and the resident size before and after. Once more
with as many recent actions as a diner can have. Beside it stands what Metarank publishes for a million diners: 0.8 GiB.

Workers: `tablestakes serve` with real artifacts, warm, after a thousand lists. RSS counts shared pages in each process,
PSS divides them by who shares them: the sum of PSS is what the machine needs, and what one worker more costs is the
difference of two such sums. `--homes` keeps the cities, whose building takes longer than the measurement.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import redis

from data import columns as col
from data.dataset import Dataset
from loadtests.closed_loop import run_closed_loop
from loadtests.homes import Home, HomeError, kept_home
from loadtests.processes import descendants
from loadtests.provenance import provenance
from loadtests.servers import ServerError, end_tidily, serving
from loadtests.trace import recommendation_paths
from loadtests.watching import rollup_kib
from models import artifacts
from models.artifacts import Artifact
from services.features import DinerState, EmbeddedRedis, FeatureCache
from services.features.codec import MAX_RECENT, model_tag, recent_entries
from services.ranking.recency import ACTION_WEIGHTS

METARANK_GIB: Final = 0.8
"""Of Redis for a million diners, as published: 812 MB."""
_MILLION: Final = 1_000_000
_AT_ONCE: Final = 500
_LISTS: Final = 1_000


@dataclass(frozen=True)
class RedisMemory:
    """What `diners` diners take."""

    diners: int
    dimensions: int
    mean_recent: float
    """Recent actions a diner."""
    used_bytes_a_diner: float
    """Growth of `used_memory`: what Redis counts against its `maxmemory`."""
    resident_bytes_a_diner: float
    """Growth of `used_memory_rss`: fragmentation and all."""

    @property
    def gib_a_million(self) -> float:
        """Of `used_memory`."""
        return self.used_bytes_a_diner * _MILLION / 2**30


@dataclass(frozen=True)
class WorkerMemory:
    """API processes with one size of catalogue; MiB."""

    restaurants: int
    workers: int
    rss_mib: float
    """Of one worker, the mean."""
    pss_mib: float
    """Of one worker, the mean."""
    private_mib: float
    """Of one worker, the mean: what nobody shares with it."""
    all_pss_mib: float
    """Of all the server's processes, the one that watches over the workers included."""
    model_mib: float
    """Files of the artifact that are mapped."""


def city_states(home: Home) -> list[DinerState]:
    """The city's diners as the feature cache keeps them: vectors of its model, homes, last actions of its log."""
    artifact, dataset = champion(home), Dataset.open(home.dataset)
    market = artifact.manifest.market
    events = dataset.events(market)
    acted = events[events[col.TYPE].isin([str(kind) for kind in ACTION_WEIGHTS])].sort_values(col.AT, ascending=False)
    newest = {user: rows.head(MAX_RECENT) for user, rows in acted.groupby(col.USER_ID, observed=True)}
    tag = model_tag(artifact.version)
    people = dataset.diners(market)
    states = []
    for user, lat, lon in zip(people[col.USER_ID], people[col.HOME_LAT], people[col.HOME_LON], strict=True):
        row, done = artifact.diner_row(str(user)), newest.get(user)
        if row is None:
            continue
        state = DinerState(
            vector=artifact.diners.vectors[row],
            bias=float(artifact.diners.biases[row]),
            model_tag=tag,
            home_lat=lat,
            home_lon=lon,
        )
        if done is not None:
            seconds = [at.timestamp() for at in done[col.AT]]
            state = replace(
                state,
                recent=recent_entries([str(each) for each in done[col.RESTAURANT_ID]], list(done[col.TYPE]), seconds),
            )
        states.append(state)
    return states


def with_all_recent(states: Sequence[DinerState]) -> list[DinerState]:
    """The same diners, each with as many recent actions as are kept."""
    some = next(state.recent for state in states if state.recent.size)
    full = np.resize(some, MAX_RECENT)
    full["at"] = full["at"].max() - np.arange(MAX_RECENT, dtype=np.uint32)  # of equal ones one is kept
    return [replace(state, recent=full) for state in states]


def champion(home: Home) -> Artifact:
    """The only version of the home's only market."""
    (version,) = [path.parent for path in (home.path / "artifacts").glob("*/*/manifest.json")]
    return artifacts.load(version)


def measure_redis(states: Sequence[DinerState], counts: Sequence[int], folder: Path) -> Iterator[RedisMemory]:
    """Put growing numbers of diners into one Redis, each of the states under as many ids as it takes."""
    with EmbeddedRedis(folder / "redis", max_memory_mb=4_096) as server, redis.Redis.from_url(server.url) as client:
        empty, there = _used(client), 0
        for count in sorted(counts):
            asyncio.run(_put(server.url, states, there, count))
            there = count
            held = client.dbsize()
            if held < count:  # leases lie beside them
                raise ServerError(f"Redis holds {held:,} diners of {count:,}: it had no room")
            used, resident = _used(client)
            yield RedisMemory(
                diners=count,
                dimensions=states[0].vector.size,
                mean_recent=float(np.mean([states[number % len(states)].recent.size for number in range(count)])),
                used_bytes_a_diner=(used - empty[0]) / count,
                resident_bytes_a_diner=(resident - empty[1]) / count,
            )


async def _put(url: str, states: Sequence[DinerState], first: int, end: int) -> None:
    cache = FeatureCache(url, timeout_ms=5_000.0)
    lease = await cache.begin_warm_up("aldermoor")
    diners = ((f"d1-{number:07}", states[number % len(states)]) for number in range(first, end))
    await cache.put_many("aldermoor", diners, lease)
    await cache.close()


def _used(client: redis.Redis) -> tuple[int, int]:
    info: Any = client.info("memory")
    return int(info["used_memory"]), int(info["used_memory_rss"])


def measure_workers(home: Home, restaurants: int, workers: int, folder: Path) -> WorkerMemory:
    """Serve, ask for lists, and read what each process holds."""
    command = [*home.serve_command[:-1], str(workers)]
    log = folder / f"server-{restaurants}-{workers}.log"
    with serving(
        "the server", command, log=log, environment=home.environment, core=None, ready_seconds=180.0
    ) as server:
        paths = recommendation_paths(home.diners(), _LISTS, np.random.default_rng(1))
        requests = [server.target.request(path, headers=home.headers()) for path in paths]
        run_closed_loop(server.target, requests, seconds=60, connections=4 * workers, max_requests=_LISTS * workers)
        own = [pid for pid in descendants(server.process.pid) if _serves(pid)]
        held = {pid: rollup_kib(pid) for pid in own}
    serving_pids = own if workers == 1 else own[1:]
    each = [held[pid] for pid in serving_pids if held[pid].get("Rss", 0.0) > 50 * 1024]
    mean = {
        key: float(np.mean([one[key] for one in each])) / 1024
        for key in ("Rss", "Pss", "Private_Dirty", "Private_Clean")
    }
    return WorkerMemory(
        restaurants=restaurants,
        workers=len(each),
        rss_mib=mean["Rss"],
        pss_mib=mean["Pss"],
        private_mib=mean["Private_Dirty"] + mean["Private_Clean"],
        all_pss_mib=sum(one.get("Pss", 0.0) for one in held.values()) / 1024,
        model_mib=sum(file.stat().st_size for file in champion(home).path.glob("*.safetensors")) / 2**20,
    )


def _serves(pid: int) -> bool:
    """Not the Redis beside it, nor its keeper."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"keeper" not in words and b"valkey" not in words and b"redis-server" not in words


def lines(found_redis: Sequence[RedisMemory], found_workers: Sequence[WorkerMemory]) -> list[str]:
    """Both tables, as Markdown."""
    text = [
        "| in Redis | d | recent actions | used_memory a diner | resident a diner | GiB a million | of Metarank's |"
    ]
    text.append("|---|---|---|---|---|---|---|")
    text += [
        f"| {each.diners:,} | {each.dimensions} | {each.mean_recent:.1f} | {each.used_bytes_a_diner:.0f} B | "
        f"{each.resident_bytes_a_diner:.0f} B | {each.gib_a_million:.2f} | {each.gib_a_million / METARANK_GIB:.0%} |"
        for each in found_redis
    ]
    text += [
        "",
        "| restaurants | workers | RSS a worker | PSS a worker | private a worker | PSS of all | mapped model |",
    ]
    text.append("|---|---|---|---|---|---|---|")
    text += [
        f"| {each.restaurants:,} | {each.workers} | {each.rss_mib:.0f} MiB | {each.pss_mib:.0f} MiB | "
        f"{each.private_mib:.0f} MiB | {each.all_pss_mib:.0f} MiB | {each.model_mib:.1f} MiB |"
        for each in found_workers
    ]
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a million diners take more than Metarank's."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.memory", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="20,000 diners; 1,000 restaurants; 1 and 2 workers")
    parser.add_argument("--diners", type=int, nargs="+", default=[50_000, 100_000, 200_000])
    parser.add_argument("--restaurants", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--homes", type=Path, help="folder in which cities are kept from run to run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    chosen = parser.parse_args(argv)
    if chosen.quick:
        chosen.diners, chosen.restaurants, chosen.workers = [20_000], [1_000], [1, 2]
    if min(*chosen.diners, *chosen.workers, 1) < 1 or min(chosen.restaurants) < 2:
        parser.error("--diners and --workers must be at least 1, --restaurants at least 2")
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tablestakes-memory-")))
            homes = {
                size: kept_home(chosen.homes or folder / "homes", restaurants=size)
                for size in sorted(chosen.restaurants)
            }
            states = city_states(homes[min(homes)])
            in_redis = list(measure_redis(states, chosen.diners, folder / "usual"))
            full = list(measure_redis(with_all_recent(states), chosen.diners[-1:], folder / "full"))
            in_workers = [
                measure_workers(home, size, workers, folder)
                for size, home in homes.items()
                for workers in chosen.workers
            ]
    except (HomeError, ServerError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines([*in_redis, *full], in_workers)))
    if chosen.json is not None:
        found = {
            "redis": [asdict(each) | {"gib_a_million": each.gib_a_million} for each in [*in_redis, *full]],
            "workers": [asdict(each) for each in in_workers],
            "metarank_gib_a_million": METARANK_GIB,
            "provenance": provenance(),
        }
        chosen.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0 if in_redis[-1].gib_a_million < METARANK_GIB else 1


if __name__ == "__main__":
    end_tidily()
    sys.exit(main())
