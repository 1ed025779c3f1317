"""A market moves between homes on both servers: all of it, once, whatever ends the command and when."""

import itertools
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from full_market import MARKET, OTHER, filled_home, rows_of
from happenings import NOON, event
from records import ALDERMOOR, diners, restaurants
from sqlalchemy import Connection, delete, insert, select, text, update
from test_tampering import verify

from loadtests.postgres import PostgresServer
from models.artifacts import load
from services.ads.settlement import Settler
from services.audit.anchors import ServedAnchors
from services.audit.arrivals import carried_since_arrival
from services.audit.bundle import write_bundle
from services.audit.pseudonyms import ensure_secret, pseudonym
from services.audit.trail import AuditTrail, MarketHasMoved, _append
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.engine import open_database
from services.database.schema import audit_trail, campaigns, events, metadata
from services.database.stakeholder_tables import demands
from services.database.transactions import reading, writing
from services.events.log import Erasure, EventLog
from services.events.served import Record, ServedLog
from services.markets.homes import Home, alone
from services.markets.life import MarketError, MarketLife
from services.markets.moving import MarketMover
from services.markets.rows import APART, BOUND
from services.settings import Settings

EAST = "https://east.example"
PAIRS = list(itertools.product(("sqlite", "postgresql"), repeat=2))
Makes = Callable[[str, str], Home]


class Broken(Exception):
    """What ends the command in the middle."""


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path, migrated_file: Path) -> Iterator[Makes]:
    """`make("sqlite", "east")`: an empty home with a database of that kind."""
    with ExitStack() as stack:

        def made(kind: str, name: str) -> Home:
            folder = tmp_path / name
            folder.mkdir(mode=0o700)
            url = f"sqlite:///{folder / 'tablestakes.db'}"
            if kind == "sqlite":
                shutil.copy(migrated_file, folder / "tablestakes.db")
            else:
                server: PostgresServer = request.getfixturevalue("postgres_server")
                database = server.create_database(request.getfixturevalue("migrated_template"))
                stack.callback(server.drop_database, database)
                url = server.url(database)
            engine = open_database(url)
            stack.callback(engine.dispose)
            return Home(Settings(home=folder, database_url=url, settle_after_seconds=0), engine)

        yield made


def moved(source: Home, target: Home, tell: Callable[[str, int], None] = lambda *_: None) -> None:
    MarketMover(source, target, MARKET, "admin", Clock(), tell).move(EAST, "closer to its diners", 0.0)


def holds(home: Home) -> bool:
    trail = AuditTrail(home.engine, Clock())
    return trail.first_broken() is None and not list(ServedAnchors(home.engine, trail).findings())


def is_here(before: dict[str, Any], there: dict[str, Any], home: Home) -> None:
    """All that was in the first database is in the second, but for what is each home's own."""
    for name in (table.name for table in BOUND):
        expected = [dict(row) for row in before[name]]
        for row in expected:
            if name == "model_versions":
                row["path"] = str(home.settings.artifacts / MARKET / row["version"])
                load(Path(row["path"]))
        if name == "retraining_steps":
            expected = expected[:1]  # of the run that is over
        assert there[name] == expected, name


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_market_moves_whole_and_both_trails_hold(make: Makes, first: str, second: str) -> None:
    source, target = make(first, "west"), make(second, "east")
    filled_home(source.engine, source.settings.home)
    ServedAnchors(source.engine, AuditTrail(source.engine, Clock())).anchor()
    Settler(source.engine, Clock(), 0.0).settle()
    others = rows_of(source.engine, OTHER)

    moved(source, target)

    here, there = rows_of(source.engine, MARKET), rows_of(target.engine, MARKET)
    assert all(here[table.name] for table in BOUND if table.name != "billing_queue")
    is_here(here, there, target)
    assert here["billing_queue"] == []
    assert rows_of(source.engine, OTHER) == others
    assert all(rows == [] for rows in rows_of(target.engine, OTHER).values())
    [left], [arrived] = here["markets"], there["markets"]
    assert (left["moved_to"], arrived["moved_to"], arrived["retired_at"]) == (EAST, None, None)
    assert holds(source)
    assert holds(target)


STEPS = ("leave", "wait", "settle", "receive", "artifacts", "rows", "trail", "adopt", "compare", "confirm")
TABLES = ("events", "served_lists", "champions")
KINDS = [("sqlite", "sqlite"), ("sqlite", "postgresql")]
BREAKS = [
    *(("sqlite", "sqlite", step) for step in (*STEPS, *TABLES)),
    *(("sqlite", "postgresql", step) for step in ("receive", "events", "trail", "confirm")),
]


@pytest.mark.parametrize(("first", "second", "step"), BREAKS)
def test_a_move_that_is_broken_off_before_a_step_is_gone_on_with(
    make: Makes, first: str, second: str, step: str
) -> None:
    source, target = make(first, "west"), make(second, "east")
    filled_home(source.engine, source.settings.home)

    def tell(what: str, _: int) -> None:
        if what == step:
            raise Broken(what)

    with pytest.raises(Broken):
        moved(source, target, tell)
    assert not served(source) or not served(target)
    moved(source, target)

    is_here(rows_of(source.engine, MARKET), rows_of(target.engine, MARKET), target)
    assert (served(source), served(target)) == (False, True)
    assert holds(source)
    assert holds(target)
    assert actions(source)[-1] == "market.left"
    assert actions(target)[-1] == "market.arrive"
    for action in ("market.leave", "market.left"):
        assert actions(source).count(action) == 1
    assert len(actions(target)) == len(actions(source))  # one has left, the other has arrived


def served(home: Home) -> bool:
    [market] = [each for each in life(home).standing() if each.info.market == MARKET] or [None]
    return market is not None and market.state == "served"


def life(home: Home) -> MarketLife:
    return MarketLife(home.engine, AuditTrail(home.engine, Clock()), Clock())


def actions(home: Home) -> list[str]:
    chosen = select(audit_trail.c.action).where(audit_trail.c.market == MARKET).order_by(audit_trail.c.seq)
    with reading(home.engine) as connection:
        return list(connection.execute(chosen).scalars())


@pytest.mark.parametrize(("first", "second"), KINDS)
def test_what_changes_between_two_tries_is_copied_as_it_is_then(make: Makes, first: str, second: str) -> None:
    """A row that was copied has another content, one is gone, and one has come before the others."""
    source, target = make(first, "west"), make(second, "east")
    filled_home(source.engine, source.settings.home)

    def tell(what: str, _: int) -> None:
        if what == "trail":
            raise Broken

    with pytest.raises(Broken):
        moved(source, target, tell)
    with writing(source.engine) as connection:
        of_market = campaigns.c.market == MARKET
        connection.execute(update(campaigns).where(of_market).values(payer="Another"))
        connection.execute(delete(demands).where(demands.c.market == MARKET, demands.c.seat == "seat 1"))
        first_event = dict(connection.execute(select(events).where(events.c.market == MARKET)).mappings().first())
        connection.execute(insert(events), {**first_event, "event_id": "a first one"})
    moved(source, target)
    is_here(rows_of(source.engine, MARKET), rows_of(target.engine, MARKET), target)
    assert {row["payer"] for row in rows_of(target.engine, MARKET)["campaigns"]} == {"Another"}


def test_every_table_with_rows_of_a_market_goes_with_it_or_is_seen_to_by_the_move() -> None:
    there = {table.name for table in metadata.sorted_tables}
    of_no_market = {"api_keys", "leases", "lesson_runs"}
    assert {table.name for table in (*BOUND, *APART)} == there - of_no_market
    assert not {name for name in of_no_market if "market" in metadata.tables[name].c}


# -- what is refused


def refused(source: Home, target: Home, market: str = MARKET) -> str:
    before = rows_of(source.engine, market)
    with pytest.raises(MarketError) as error:
        MarketMover(source, target, market, "admin", Clock(), lambda *_: None).move(EAST, "", 0.0)
    assert rows_of(source.engine, market) == before
    return str(error.value)


def test_what_cannot_be_moved_is_refused_and_nothing_is_changed(make: Makes, tmp_path: Path) -> None:
    source, target = make("sqlite", "west"), make("sqlite", "east")
    filled_home(source.engine, source.settings.home)
    assert "there is no market 'nowhere'" in refused(source, target, "nowhere")
    assert "is in" in refused(source, source)
    elsewhere = Settings(home=tmp_path / "not-there")
    assert "there is no home in" in refused(source, Home(elsewhere, target.engine))
    same = Settings(home=target.settings.home, database_url=source.settings.resolved_database_url)
    assert "both homes have the same database" in refused(source, Home(same, source.engine))
    with writing(target.engine) as connection:
        newest = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '0010'"))
    assert "the target's has 0010" in refused(source, target)
    with writing(target.engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})
    CatalogueStore(target.engine).load(ALDERMOOR, restaurants("Z"), diners("z"))
    assert "the target has a market 'aldermoor' already" in refused(source, target)


def test_two_addresses_of_one_postgresql_database_are_seen_through(make: Makes) -> None:
    source, target = make("postgresql", "west"), make("postgresql", "east")
    filled_home(source.engine, source.settings.home)
    url = source.settings.resolved_database_url + "&application_name=another"
    other = open_database(url if "?" in url else url.replace("&", "?"))
    assert "both homes have the same database" in refused(
        source, Home(Settings(home=target.settings.home, database_url=url), other)
    )
    other.dispose()


def test_a_trail_that_does_not_hold_is_not_carried_on(make: Makes) -> None:
    source, target = make("sqlite", "west"), make("sqlite", "east")
    filled_home(source.engine, source.settings.home)
    with writing(source.engine) as connection:
        connection.execute(update(audit_trail).where(audit_trail.c.seq == 2).values(role="nobody"))
    assert "breaks at record 2" in refused(source, target)


def test_a_market_on_its_way_goes_to_no_other_home(make: Makes) -> None:
    source, target, third = make("sqlite", "west"), make("sqlite", "east"), make("sqlite", "north")
    filled_home(source.engine, source.settings.home)
    broken_off(source, target, "rows")
    assert str(target.settings.home) in refused(source, third)
    with pytest.raises(MarketError, match=r"clients are sent to https://east\.example already"):
        mover(source, target).move("https://another.example", "", 0.0)


def broken_off(source: Home, target: Home, step: str) -> None:
    def tell(what: str, _: int) -> None:
        if what == step:
            raise Broken

    with pytest.raises(Broken):
        moved(source, target, tell)


def test_two_commands_do_not_move_a_market_at_once(make: Makes) -> None:
    source, target = make("sqlite", "west"), make("sqlite", "east")
    filled_home(source.engine, source.settings.home)
    with alone(target, MARKET):
        assert "another command moves" in refused(source, target)
    moved(source, target)


# -- who may write meanwhile


def test_no_lever_is_used_where_a_market_is_no_more_or_not_yet(make: Makes) -> None:
    source, target = make("sqlite", "west"), make("sqlite", "east")
    filled_home(source.engine, source.settings.home)
    broken_off(source, target, "adopt")
    for home, words in ((source, "has moved to https://east.example"), (target, "is on its way to here")):
        with pytest.raises(MarketHasMoved, match=words):
            use_lever(home, MARKET)
        for act in (life(home).retire, life(home).reinstate):
            with pytest.raises(MarketHasMoved, match=words):
                act(MARKET, "admin")
    use_lever(source, OTHER)
    moved(source, target)
    use_lever(target, MARKET)


def use_lever(home: Home, market: str) -> None:
    with writing(home.engine) as connection:
        AuditTrail(home.engine, Clock()).record(
            connection, role="ml", action="policy.put", market=market, subject="p", document={"after": market}
        )


# -- the trail


@pytest.mark.parametrize(("first", "second"), KINDS)
def test_history_can_be_checked_where_the_market_is_and_a_forged_one_is_found(
    make: Makes, tmp_path: Path, first: str, second: str
) -> None:
    source, target = make(first, "west"), make(second, "east")
    filled_home(source.engine, source.settings.home)
    moved(source, target)
    with reading(source.engine) as connection:
        of_market = select(audit_trail).where(audit_trail.c.market == MARKET).order_by(audit_trail.c.seq)
        there = {row.digest: row for row in connection.execute(of_market)}
    with reading(target.engine) as connection:
        assert list(carried_since_arrival(connection, MARKET, 2**62)) == []  # they came before it arrived
        [arrival] = connection.execute(select(audit_trail).where(audit_trail.c.action == "market.arrive")).all()
        carried = list(carried_since_arrival(connection, MARKET, arrival.seq))
    assert [there[was["digest"]].document for was in carried] == [was["document"] for was in carried]
    assert len(carried) == len(there) - 1
    [left] = [orjson.loads(row.document)["after"] for row in there.values() if row.action == "market.left"]
    assert left["arrived"] == {"seq": arrival.seq, "digest": arrival.digest}
    assert left["trail"] == orjson.loads(arrival.document)["after"]["trail"]
    assert verified(target, tmp_path) == (0, "all of it holds\n")

    # Somebody rewrites a carried record and the whole chain after it, as only who owns the database can.
    forge(target, carried[1]["digest"])
    assert AuditTrail(target.engine, Clock()).first_broken() is None
    assert not holds(target)
    code, words = verified(target, tmp_path)
    assert code == 1
    assert "is not what it was in the trail that it came from" in words
    assert "are not those of its arrival" not in words


def verified(home: Home, tmp_path: Path) -> tuple[int, str]:
    """What the auditor's own program says."""
    path, folder = tmp_path / "bundle.zip", tmp_path / "unpacked"
    write_bundle(home.engine, Clock(), path)
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(path) as bundle:
        bundle.extractall(folder)
    return verify(folder)


def forge(home: Home, digest: str) -> None:
    with writing(home.engine) as connection:
        rows = [dict(row._mapping) for row in connection.execute(select(audit_trail).order_by(audit_trail.c.seq))]
        connection.execute(delete(audit_trail))
        fields = []
        for row in rows:
            kept = {name: row[name] for name in ("at", "role", "action", "market", "subject", "document")}
            if digest in row["document"]:
                kept["role"] = "nobody"
            fields.append(kept)
        _append(connection, fields)


# -- clearing away


@pytest.mark.parametrize(("first", "second"), KINDS)
def test_what_is_left_is_cleared_away_and_both_trails_hold_on(make: Makes, first: str, second: str) -> None:
    source, target = make(first, "west"), make(second, "east")
    filled_home(source.engine, source.settings.home)
    moved(source, target)
    there, others = rows_of(target.engine, MARKET), rows_of(source.engine, OTHER)

    removed = mover(source, target).purge("done")

    here = rows_of(source.engine, MARKET)
    assert {name for name, rows in here.items() if rows} == {"markets", "market_moves", "served_seals"}
    assert removed["events"] == 3
    assert rows_of(target.engine, MARKET) == there
    assert rows_of(source.engine, OTHER) == others
    assert not (source.settings.artifacts / MARKET).exists()
    assert holds(source)
    assert holds(target)
    with pytest.raises(MarketError, match="has been cleared away"):
        mover(source, target).purge("again")


def mover(source: Home, target: Home) -> MarketMover:
    return MarketMover(source, target, MARKET, "admin", Clock(), lambda *_: None)


@pytest.mark.parametrize("step", ["late events", "events", "campaigns", "restaurants"])
def test_clearing_away_can_be_broken_off(make: Makes, step: str) -> None:
    source, target = make("sqlite", "west"), make("sqlite", "east")
    filled_home(source.engine, source.settings.home)
    moved(source, target)
    EventLog(source.engine).append([event("late", at=NOON)])
    there = rows_of(target.engine, MARKET)

    def tell(what: str, _: int) -> None:
        if what == step:
            raise Broken

    with pytest.raises(Broken):
        MarketMover(source, target, MARKET, "admin", Clock(), tell).purge("")
    mover(source, target).purge("")
    now = rows_of(target.engine, MARKET)
    assert len(now.pop("events")) == len(there.pop("events")) + 1
    assert [row["event_id"] for row in now.pop("billing_queue")] == ["elate"]
    del there["billing_queue"]
    assert now == there
    assert holds(source)


def test_nothing_is_cleared_away_before_the_market_has_arrived(make: Makes) -> None:
    source, target, third = make("sqlite", "west"), make("sqlite", "east"), make("sqlite", "north")
    filled_home(source.engine, source.settings.home)
    with pytest.raises(MarketError, match="has not moved"):
        mover(source, target).purge("")
    broken_off(source, target, "confirm")
    with pytest.raises(MarketError, match="has not arrived yet"):
        mover(source, target).purge("")
    moved(source, target)
    with pytest.raises(MarketError, match="name that home"):
        mover(source, third).purge("")
    with writing(target.engine) as connection:
        connection.execute(delete(audit_trail).where(audit_trail.c.action == "market.arrive"))
    with pytest.raises(MarketError, match="has no arrival"):
        mover(source, target).purge("")


def test_events_that_came_late_reach_the_new_home_but_not_those_of_a_diner_who_was_erased_there(make: Makes) -> None:
    source, target = make("sqlite", "west"), make("sqlite", "east")
    filled_home(source.engine, source.settings.home)
    moved(source, target)
    late = [event(f"late-{user}", user_id=user, at=NOON) for user in ("stays", "erased")]
    EventLog(source.engine).append(late)
    with ServedLog(source.engine, interval_seconds=3_600.0) as log:
        for user in ("stays", "erased"):
            log.record(f"late-{user}", MARKET, user, Clock().now(), "balanced", 1, "v1", Record(b"{}", inputs=None))
    secret = ensure_secret(target.engine, target.settings.pseudonym_secret_file)

    def witness(connection: Connection, _: Erasure) -> None:
        document = {"before": {}, "after": None}
        subject = pseudonym(secret, "erased")
        AuditTrail(target.engine, Clock()).record(
            connection, role="app", action="diner.erase", market=MARKET, subject=subject, document=document
        )

    EventLog(target.engine).erase(MARKET, "erased", witness)
    mover(source, target).purge("")
    there = rows_of(target.engine, MARKET)
    for table in ("events", "served_lists"):
        came = {row["user_id"] for row in there[table]}
        assert "stays" in came
        assert "erased" not in came
    ServedAnchors(target.engine, AuditTrail(target.engine, Clock())).anchor()
    assert holds(target)
    assert holds(source)


def test_a_market_comes_back_and_goes_again(make: Makes) -> None:
    west, east = make("sqlite", "west"), make("postgresql", "east")
    filled_home(west.engine, west.settings.home)
    before = rows_of(west.engine, MARKET)
    homes = [west, east]
    for _ in range(3):
        moved(*homes)
        use_lever(homes[1], MARKET)
        mover(*homes).purge("")
        homes.reverse()
        for home in homes:
            assert holds(home)
    now = rows_of(east.engine, MARKET)
    assert actions(east).count("policy.put") == actions(west).count("policy.put") + 1 == 5
    for name in ("events", "served_lists", "settlements", "sign_offs", "ledger_entries"):
        assert now[name] == before[name]


@pytest.mark.parametrize(("first", "second"), KINDS)
def test_a_move_that_has_not_arrived_can_be_undone(make: Makes, first: str, second: str) -> None:
    source, target = make(first, "west"), make(second, "east")
    filled_home(source.engine, source.settings.home)
    before = rows_of(source.engine, MARKET)
    broken_off(source, target, "confirm" if first == second else "adopt")
    if first == second:
        with pytest.raises(MarketError, match="is served in the target"):
            mover(source, target).undo("")
        return
    mover(source, target).undo("too early")
    now = rows_of(source.engine, MARKET)
    for name in ("markets", "market_moves", "events", "champions"):
        assert now[name] == before[name]
    assert served(source)
    assert {name for name, rows in rows_of(target.engine, MARKET).items() if rows} == {"served_seals"}
    assert holds(target)
    moved(source, target)
    is_here(rows_of(source.engine, MARKET), rows_of(target.engine, MARKET), target)
    assert holds(target)


def test_who_once_had_the_market_says_where_it_is_when_its_way_back_is_undone(make: Makes) -> None:
    west, east = make("sqlite", "west"), make("sqlite", "east")
    filled_home(west.engine, west.settings.home)
    moved(west, east)
    mover(west, east).purge("")
    broken_off(east, west, "adopt")
    assert [each.state for each in life(west).standing() if each.info.market == MARKET] == ["arriving"]
    mover(east, west).undo("")
    [gone] = [each for each in life(west).standing() if each.info.market == MARKET]
    assert (gone.state, gone.moved_to, served(east)) == ("moved", EAST, True)
    assert holds(west)
    assert holds(east)
    moved(east, west)
    assert served(west)


def test_a_market_that_was_retired_arrives_as_one(make: Makes) -> None:
    source, target = make("sqlite", "west"), make("sqlite", "east")
    filled_home(source.engine, source.settings.home)
    life(source).retire(MARKET, "admin")
    moved(source, target)
    assert [each.state for each in life(target).standing()] == ["retired"]
    life(target).reinstate(MARKET, "admin")
    assert served(target)
