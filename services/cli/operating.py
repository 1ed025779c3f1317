"""serve, worker, doctor."""

import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.errors import FAILED
from services.settings import Settings

if TYPE_CHECKING:
    from services.features import Servers


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="API processes.")] = 1,
) -> None:
    """Serve the home's champions: API at /v1, console at /, reference at /docs."""
    from services.server import run

    run(Settings(), host, port, workers)


def worker(
    once: Annotated[bool, typer.Option("--once", help="One round of each job, then end.")] = False,
) -> None:
    """Do what must be done behind the API: settle what is owed, pace the campaigns' budgets, retrain."""
    from services.worker import run

    run(Settings(), once)


def doctor() -> None:
    """Say what is configured and what answers; exit code 1 if something that is needed does not."""
    settings = Settings()
    well = True
    typer.echo(f"python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in ("fastapi", "uvicorn", "rectools-lightfm", "redis", "pandas", "numpy", "sqlalchemy"):
        typer.echo(f"{package} {version(package)}")
    for check in (_home, _database, _ledger, _redis, _openmp):
        good, line = check(settings)
        typer.echo(f"{'ok  ' if good else 'BAD '} {line}")
        well = well and good
    if not well:
        raise typer.Exit(FAILED)


def _home(settings: Settings) -> tuple[bool, str]:
    home = settings.home.absolute()
    place = home if home.exists() else home.parent
    writable = os.access(place, os.W_OK)
    return writable, f"home {home}{'' if writable else ': not writable, set TABLESTAKES_HOME'}"


def _database(settings: Settings) -> tuple[bool, str]:
    from services.catalogue.store import CatalogueStore
    from services.database.engine import MOST_CONNECTIONS, migrate, open_database
    from services.database.errors import StorageUnavailable
    from services.database.event_partitions import locks_wanted
    from services.database.transactions import reading
    from services.releases.registry import ModelRegistry

    kind = "PostgreSQL" if settings.resolved_database_url.startswith("postgres") else "SQLite"
    try:
        engine = open_database(settings.resolved_database_url)
        migrate(engine)
        markets = CatalogueStore(engine).markets()
        champions = [info.market for info in markets if ModelRegistry(engine).champion(info.market)]
        with reading(engine) as connection:
            locks = locks_wanted(connection, MOST_CONNECTIONS)
        engine.dispose()
    except StorageUnavailable as error:
        return False, f"database ({kind}): {' '.join(str(error).split())[:200]}"
    served = ", ".join(champions) or "none: `tablestakes train DIR` registers a model"
    few = "" if locks is None else f"; for all days of events at once raise max_locks_per_transaction to {locks}"
    return True, f"database ({kind}): {len(markets)} market(s), champions: {served}{few}"


def _ledger(settings: Settings) -> tuple[bool, str]:
    from services.ads.ledger_check import check
    from services.database.engine import open_database
    from services.database.errors import StorageUnavailable

    try:
        engine = open_database(settings.resolved_database_url)
        findings = check(engine)
        engine.dispose()
    except StorageUnavailable:
        return False, "ledger: not checked, the database does not answer"
    if findings:
        first = findings[0]
        return False, f"ledger: {len(findings)} finding(s), the first: {first.where}: {first.explanation}"
    return True, "ledger: in balance, within all budgets"


def _redis(settings: Settings) -> tuple[bool, str]:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    from services.bootstrap import configured_redis
    from services.features import EmbeddedRedis

    try:
        if settings.redis_url:
            return _usable(configured_redis(settings))
        with tempfile.TemporaryDirectory(prefix="ts-") as folder, EmbeddedRedis(Path(folder)) as server:
            client = redis.Redis.from_url(server.url, retry=Retry(NoBackoff(), 0))
            return True, f"embedded Redis {client.info('server')['redis_version']} starts"
    except (redis.RedisError, OSError, RuntimeError, ValueError) as error:
        return False, f"Redis: {error}; set TABLESTAKES_REDIS_URL or install redis-server"


def _usable(servers: "Servers") -> tuple[bool, str]:
    """Whether the feature cache can do there what it does; what the first server says that will not let it."""
    import asyncio

    from services.features import FeatureCache

    async def tried() -> str:
        cache = FeatureCache(servers, timeout_ms=2_000)
        try:
            return await cache.trouble()
        finally:
            await cache.close()

    trouble = asyncio.run(tried())
    where = {"server": "one server", "sentinel": "the master that Sentinel keeps", "cluster": "a cluster"}
    return not trouble, f"Redis, {where[servers.kind]}, at the configured address: {trouble or 'the cache can use it'}"


def _openmp(_: Settings) -> tuple[bool, str]:
    try:
        import lightfm._lightfm_fast_openmp  # noqa: F401
    except ImportError:
        return True, "LightFM without OpenMP: training uses one thread"
    return True, "LightFM with OpenMP"
