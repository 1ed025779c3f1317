"""The demo: city -> log -> training -> release -> API and console, with diners walking in."""

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from sqlalchemy import Engine, func, select

from data.city.generate import generate
from data.columns import Table
from data.dataset import Dataset, DatasetError
from models.artifacts import ArtifactError, load
from services.access.keys import ensure_keys
from services.access.roles import SEATS, Role
from services.ads.campaign_import import import_campaigns
from services.ads.campaigns import CampaignStore
from services.audit.trail import AuditTrail
from services.cli.errors import UsageError
from services.cli.progress import Progress
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.database.schema import billing_queue, served_lists, serving_minutes
from services.database.transactions import reading
from services.releases.registry import ModelRegistry, ModelVersion
from services.retraining.training import train_markets
from services.settings import Settings
from services.simulation.demo_state import keep_start
from services.simulation.recorded_front import recorded_front
from services.simulation.walk_in import ApiClient, ApiError, Crowd
from services.stakeholders.fronts import FrontStore
from services.stakeholders.scorecard.card import text_lines
from services.stakeholders.scorecard.store import Scorecards

Echo = Callable[[str], object]

_HOST = "127.0.0.1"
_VISITS_OF_ONCE = 300
_RECORDING_SECONDS = 15.0
_START_SECONDS = 60.0
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Sizes:
    """The demo's city, by default the one of `tablestakes demo`."""

    restaurants: int = 400
    diners: int = 4_000
    days: int = 28
    seed: int = 1


def run_demo(settings: Settings, sizes: Sizes, port: int, once: bool, echo: Echo) -> None:
    """Make what is missing, serve it, and let diners walk in: some hundred with `once`, else until interrupted."""
    # A plain SIGTERM would skip the `finally` that ends the server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    dataset = _city(settings, sizes)
    market = dataset.markets[0]
    _train(settings, dataset, market, echo)
    _take_campaigns(settings, dataset, market)
    _lay_front(settings, sizes, market)
    settings = _watched(settings)
    keep_start(settings)
    with _keys(settings) as keys, _process(settings, "worker"), _served(settings, port):
        crowd = Crowd(dataset, market, seed=1)
        with contextlib.closing(ApiClient(_HOST, port, keys[Role.APP])) as api:
            if once:
                _scorecard(settings, crowd, api, market, echo)
                return
            _introduce(keys, port, market, echo)
            with _measuring(settings, dataset):
                _walk_in(crowd, api)


def _scorecard(settings: Settings, crowd: Crowd, api: ApiClient, market: str, echo: Echo) -> None:
    with _database(settings) as engine:
        before = _counted(engine, market)
        for _ in itertools.islice(crowd.visits(api), _VISITS_OF_ONCE):
            pass
        _await_records(engine, market, before)
        for line in text_lines(Scorecards(engine, Clock(), settings.objectives).fresh(market)):
            echo(line)


def _await_records(engine: Engine, market: str, before: tuple[int, int]) -> None:
    """Lists and counters are written behind the answers, and what is owed is settled behind the events."""
    waiting = select(func.count()).select_from(billing_queue).where(billing_queue.c.market == market)
    deadline = time.monotonic() + _RECORDING_SECONDS
    while time.monotonic() < deadline:
        written = min(now - then for now, then in zip(_counted(engine, market), before, strict=True))
        with reading(engine) as connection:
            if written >= _VISITS_OF_ONCE and not connection.execute(waiting).scalar_one():
                return
        time.sleep(0.2)


def _counted(engine: Engine, market: str) -> tuple[int, int]:
    """Lists in the log, and answers in the counters."""
    lists = select(func.count()).select_from(served_lists).where(served_lists.c.market == market)
    answers = select(func.coalesce(func.sum(serving_minutes.c.requests), 0)).where(serving_minutes.c.market == market)
    with reading(engine) as connection:
        return connection.execute(lists).scalar_one(), int(connection.execute(answers).scalar_one())


def _city(settings: Settings, sizes: Sizes) -> Dataset:
    """The demo's city, made once."""
    path = settings.home / "data" / ("demo-" + "-".join(str(size) for size in astuple(sizes)))
    try:
        return Dataset.open(path)
    except DatasetError:
        with Progress("city") as progress:
            generate(
                path,
                restaurants=sizes.restaurants,
                diners=sizes.diners,
                days=sizes.days,
                markets=1,
                seed=sizes.seed,
                progress=progress.update,
            )
        return Dataset.open(path)


def _train(settings: Settings, dataset: Dataset, market: str, echo: Echo) -> None:
    """Train, unless a model of this very data, and of this program, is the champion already."""
    champion = _champion(settings, market)
    if champion is not None and champion.metrics.get("data_snapshot") == dataset.snapshot:
        with contextlib.suppress(ArtifactError):
            load(Path(champion.path))
            return
    with Progress("training") as progress:
        for trained in train_markets(
            settings, dataset, "lightfm", promote=True, progress=progress.update, passed_over=echo
        ):
            echo(f"released {trained.version} in {trained.market}")


def _take_campaigns(settings: Settings, dataset: Dataset, market: str) -> None:
    """The city's campaigns, unless the home has some: what sales has changed stays."""
    clock = Clock()
    with _database(settings) as engine:
        store = CampaignStore(engine, AuditTrail(engine, clock), clock)
        if dataset.has(Table.CAMPAIGNS) and not store.version(market):
            import_campaigns(store, dataset.path / "campaigns.parquet", market, Role.ADMIN)


def _lay_front(settings: Settings, sizes: Sizes, market: str) -> None:
    """The front that comes with the program, so that there is something to bargain over from the start.

    It is of a smaller city, drawn from the same seed and priced in the same money; of another one it would say nothing.
    """
    if sizes != Sizes():
        return
    with _database(settings) as engine:
        store = FrontStore(engine, AuditTrail(engine, Clock()))
        store.put(market, recorded_front(), Role.ADMIN.value, "recorded with the program")


def _champion(settings: Settings, market: str) -> ModelVersion | None:
    with _database(settings) as engine:
        return ModelRegistry(engine).champion(market)


@contextlib.contextmanager
def _database(settings: Settings) -> Iterator[Engine]:
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        yield engine
    finally:
        engine.dispose()


@contextlib.contextmanager
def _keys(settings: Settings) -> Iterator[dict[Role, str]]:
    with _database(settings) as engine:
        yield dict(ensure_keys(engine, settings.keys_file))


def _watched(settings: Settings) -> Settings:
    """With a port on which the worker shows its metrics, a free one where none is set: the page of operations asks."""
    if settings.resolved_worker_metrics_url:
        return settings
    with socket.socket() as free:
        free.bind((_HOST, 0))
        return settings.model_copy(update={"worker_metrics_port": free.getsockname()[1]})


@contextlib.contextmanager
def _served(settings: Settings, port: int) -> Iterator[None]:
    """The API as a process of its own, as in production; gone when the block is left."""
    with _process(settings, "serve", "--host", _HOST, "--port", str(port)) as (process, log):
        _await_ready(process, port, log)
        yield


@contextlib.contextmanager
def _measuring(settings: Settings, dataset: Dataset) -> Iterator[None]:
    """What the console shows beside the lists is measured behind the demo, where nothing else wants the processor."""
    with _process(settings, "measure", str(dataset.path.absolute())) as (process, _):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, 19)
        yield


@contextlib.contextmanager
def _process(settings: Settings, command: str, *options: str) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """A command of ours in a process of its own, and its log; ended when the block is left."""
    log = settings.home / f"{command}.log"
    environment = {
        **os.environ,
        "TABLESTAKES_HOME": str(settings.home.absolute()),
        "TABLESTAKES_WORKER_METRICS_PORT": str(settings.worker_metrics_port),
    }
    with log.open("ab") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [sys.executable, "-m", "services.cli", command, *options],
            env=environment,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield process, log
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def _await_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise UsageError(f"the server did not start; is port {port} taken? {log} says more")
        with contextlib.suppress(ApiError), contextlib.closing(ApiClient(_HOST, port, "")) as api:
            api.call("GET", "/health/ready")
            return
        time.sleep(0.1)
    raise UsageError(f"the server was not ready in {_START_SECONDS:.0f} s; {log} says more")


def _introduce(keys: dict[Role, str], port: int, market: str, echo: Echo) -> None:
    address = f"http://{_HOST}:{port}"
    bearer = f'-H "Authorization: Bearer {keys[Role.APP]}"'
    echo(f"\ntablestakes serves {market} on {address}   (Ctrl-C ends it)\n")
    echo(f"  console     {address}/#key={keys[Role.APP]}&key={keys[Role.AUDITOR]}")
    echo(f"  reference   {address}/docs\n\nkeys, also in keys.json:")
    for role in (Role.APP, *SEATS, Role.AUDITOR, Role.ADMIN):
        echo(f"  {role:<17} {keys[role]}")
    echo("\nthree things to try:")
    echo(f'  curl {bearer} "{address}/v1/recommendations?user_id=d0-000001&k=5&explain=reasons"')
    echo(f'  curl {bearer} "{address}/v1/popular?k=5"')
    echo("  open the console, order somewhere, and watch the next list change; then go to the table\n")


def _walk_in(crowd: Crowd, api: ApiClient) -> None:
    """A few diners a second until Ctrl-C; a hiccup of the server is none of theirs."""
    visits = crowd.visits(api)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            try:
                next(visits)
            except ApiError:
                visits = crowd.visits(api)
                time.sleep(1.0)
            time.sleep(_PAUSE_SECONDS)
