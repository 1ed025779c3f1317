"""A process looks at one number to see that anything has changed: whatever lists are made from goes past it.

The number is the audit trail's last, and the catalogues' versions. Whoever writes to a table from which a market is
brought into memory does it by one of the levers below, and the next look of another process finds its market.
"""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from happenings import NOON
from records import diners, restaurants
from release_records import MARKET, Watch, register, save_versions
from selling_records import campaign
from sqlalchemy import Engine, event

from data.dataset import MarketInfo
from models.artifacts import Artifact
from services.ads.campaign_import import import_campaigns
from services.ads.campaigns import CampaignStore
from services.audit.trail import AuditTrail
from services.catalogue.records import Restaurant
from services.catalogue.store import CatalogueStore
from services.markets.life import MarketLife
from services.releases.states import Move
from services.releases.store import ReleaseStore
from services.serving.directory import Directory
from services.stakeholders.demands import DemandStore
from services.stakeholders.fronts import FrontStore
from services.stakeholders.negotiations import NegotiationStore
from services.stakeholders.policies import PolicyStore
from services.stakeholders.policy import AdPolicy, Policy
from services.stakeholders.seats import signing
from services.stakeholders.sign_offs import SignOffStore
from tests.stakeholders.fronts import front, town

ROOT: Final = Path(__file__).parents[2]
SERVED: Final = {
    "markets",
    "restaurants",
    "policies",
    "active_policies",
    "model_versions",
    "champions",
    "releases",
    "release_clocks",
    "campaigns",
}
"""The tables from which a market is brought into memory. What is paced is read with the live data, twice a minute."""
WRITERS: Final = {
    "services/ads/campaigns.py": {"campaigns"},
    "services/catalogue/store.py": {"markets", "restaurants"},
    "services/markets/life.py": {"markets"},
    # Its steps are records of the trail; what two servers make of them is in tests/api/test_market_moves.py.
    "services/markets/moving.py": {"markets"},
    "services/releases/registry.py": {"champions", "releases", "model_versions"},
    "services/releases/store.py": {"champions", "releases", "release_clocks"},
    "services/stakeholders/policies.py": {"policies", "active_policies"},
    # Into a database that nobody serves yet.
    "services/backup/home.py": {"model_versions"},
    "services/stakeholders/scorecard/measure.py": {"markets", "restaurants"},
}
_WRITES: Final = {"insert": 0, "update": 0, "delete": 0, "insert_into": 1, "upsert_into": 1, "add_into": 1}
"""Functions that make a statement which writes, and which argument is the table."""


class World:
    """A market with a champion, two other versions, a campaign and a signed policy, and all that can change them."""

    def __init__(self, engine: Engine, versions: list[Artifact]) -> None:
        clock = Watch(NOON)
        self.engine = engine
        self.trail = AuditTrail(engine, clock)
        self.catalogue = CatalogueStore(engine)
        self.life = MarketLife(engine, self.trail, clock)
        self.releases = ReleaseStore(engine, self.trail, clock)
        self.policies = PolicyStore(engine, self.trail, clock)
        self.sign_offs = SignOffStore(engine, self.trail, clock, self.policies)
        self.campaigns = CampaignStore(engine, self.trail, clock)
        self.fronts, self.demands = FrontStore(engine, self.trail), DemandStore(engine, self.trail, clock)
        parts = engine, self.trail, clock, self.fronts, self.demands, self.policies
        self.negotiations = NegotiationStore(*parts)
        self.versions = versions
        self.load()
        self.first, self.second = (register(engine, one, passed=True) for one in versions[:2])
        self.campaigns.put(campaign(1, market=MARKET), None, "sales")
        self.put("agreed", 0.01)
        for seat in [each.name for each in signing()][:-1]:
            self.sign_offs.sign(MARKET, "agreed", 1, seat, "agreed")
        self.fronts.put(MARKET, front(town(), town(8, days=182)), "admin")
        # And another, which nobody touches.
        self.catalogue.load(MarketInfo(market="other", title="Other"), restaurants("X", of="other"), diners(of="other"))

    def load(self, title: str = "Sample") -> None:
        info = MarketInfo(market=MARKET, title=title)
        self.catalogue.load(info, restaurants("A", "B", of=MARKET), diners("d1", of=MARKET))

    def put(self, name: str, money: float) -> None:
        self.policies.put(MARKET, Policy(name=name, ads=AdPolicy(money=money)), None, "sales")

    def move(self, move: Move, version: str | None = None, share: float = 0.0) -> None:
        self.releases.move(MARKET, version or self.second, move, role="infra", reason="a test", share=share)

    def canary(self) -> None:
        self.move(Move.CANARY, share=0.1)

    def trial(self) -> int:
        found = self.releases.lineups()[MARKET].trial
        assert found is not None
        return found.trial

    def campaigns_of(self, folder: Path) -> Path:
        """A file with another campaign."""
        fields = campaign(7, market=MARKET, restaurant_id="r2").model_dump(mode="json", exclude_none=True)
        file = folder / "campaigns.csv"
        file.write_text(f"{','.join(fields)}\n{','.join(map(str, fields.values()))}\n")
        return file


Step = Callable[[World, Path], object]
NEW: Final = Restaurant(restaurant_id="new", market=MARKET, name="New", lat=51.0, lon=-1.0)
LEVERS: Final[dict[str, tuple[Step | None, Step]]] = {
    "a catalogue is loaded again": (None, lambda w, _: w.load("Another title")),
    "a restaurant opens": (None, lambda w, _: w.catalogue.put_restaurant(NEW)),
    "a restaurant goes": (None, lambda w, _: w.catalogue.delete_restaurant(MARKET, "r2")),
    "a market is retired": (None, lambda w, _: w.life.retire(MARKET, "admin")),
    "a market is brought back": (
        lambda w, _: w.life.retire(MARKET, "admin"),
        lambda w, _: w.life.reinstate(MARKET, "admin"),
    ),
    "a version is registered": (None, lambda w, _: register(w.engine, w.versions[2], passed=True)),
    "a version is promoted": (None, lambda w, _: w.move(Move.PROMOTE)),
    "a canary begins": (None, lambda w, _: w.canary()),
    "a shadow begins": (None, lambda w, _: w.move(Move.SHADOW, share=0.1)),
    "a trial is withdrawn": (lambda w, _: w.canary(), lambda w, _: w.move(Move.WITHDRAW)),
    "a version is rejected": (None, lambda w, _: w.move(Move.REJECT)),
    "a guardrail ends a trial": (
        lambda w, _: w.canary(),
        lambda w, _: w.releases.end_trial(MARKET, w.trial(), "system", "worse", {}),
    ),
    "a champion is rolled back": (
        lambda w, _: w.move(Move.PROMOTE),
        lambda w, _: w.move(Move.ROLLBACK, w.first),
    ),
    "a policy is stored": (None, lambda w, _: w.put("mine", 0.02)),
    "a policy is made active past the seats": (
        None,
        lambda w, _: w.policies.activate(MARKET, "agreed", 1, "admin", override=True),
    ),
    "the last seat signs": (
        None,
        lambda w, _: w.sign_offs.sign(MARKET, "agreed", 1, [each.name for each in signing()][-1], "agreed"),
    ),
    "the seats settle": (None, lambda w, _: w.negotiations.settle(MARKET, None, "product")),
    "a campaign is opened": (
        None,
        lambda w, _: w.campaigns.put(campaign(2, market=MARKET, restaurant_id="r2"), None, "sales"),
    ),
    "a campaign is changed": (None, lambda w, _: w.campaigns.put(campaign(1, market=MARKET, bid=70), 1, "sales")),
    "a campaign is closed": (None, lambda w, _: w.campaigns.close(MARKET, "c1", 1, "sales")),
    "campaigns are imported": (
        None,
        lambda w, folder: import_campaigns(w.campaigns, w.campaigns_of(folder), MARKET, "sales"),
    ),
}


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> list[Artifact]:
    return save_versions(tmp_path_factory.mktemp("artifacts"), 3)


@pytest.fixture
def world(engine: Engine, versions: list[Artifact]) -> World:
    return World(engine, versions)


def written(statements: list[str]) -> set[str]:
    """Tables that these statements write to."""
    found = (re.match(r'(?:INSERT INTO|UPDATE|DELETE FROM) "?(\w+)', one) for one in statements)
    return {match[1] for match in found if match is not None}


@pytest.mark.parametrize("lever", LEVERS)
def test_every_lever_is_found_by_the_next_look_in_its_market_alone(world: World, lever: str, tmp_path: Path) -> None:
    before, use = LEVERS[lever]
    if before is not None:
        before(world, tmp_path)
    directory, statements = Directory(world.engine), list[str]()
    directory.look()
    event.listen(world.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    use(world, tmp_path)
    assert written(statements) & SERVED, "it changes what lists are made from"
    assert directory.look() == {MARKET}


def test_all_tables_that_are_served_are_written_by_these_levers(
    engine: Engine, versions: list[Artifact], tmp_path: Path
) -> None:
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    world = World(engine, versions)
    for lever in ("a version is promoted", "the last seat signs"):
        LEVERS[lever][1](world, tmp_path)
    assert written(statements) >= SERVED


def test_nobody_else_writes_to_what_is_served() -> None:
    """Where this fails there is a new writer: let it record what it does, and add it to the levers above."""
    found = {}
    for file in sorted((ROOT / "services").rglob("*.py")):
        if "migrations" not in file.parts:
            tables = written_in(file.read_text())
            if tables & SERVED:
                found[str(file.relative_to(ROOT))] = tables & SERVED
    assert found == WRITERS


def written_in(text: str) -> set[str]:
    """The tables that a module's statements write to, by their names in the schema."""
    tree = ast.parse(text)
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("services.database")
        for alias in node.names
    }
    found = {_table(node, names) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= written([node.value.strip()])
    return found - {""}


def _table(call: ast.Call, names: dict[str, str]) -> str:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("insert", "update", "delete"):
        of: Any = call.func.value  # table.insert()
    elif name in _WRITES and len(call.args) > _WRITES[name]:
        of = call.args[_WRITES[name]]
    else:
        return ""
    return of.attr if isinstance(of, ast.Attribute) else names.get(getattr(of, "id", ""), "")


def test_writers_are_found_however_they_name_the_table() -> None:
    assert written_in("from services.database.schema import policies as t\ninsert(t)") == {"policies"}
    assert written_in("from services.database import schema\nupsert_into(e, schema.campaigns)") == {"campaigns"}
    assert written_in("from services.database import schema\nschema.markets.update()") == {"markets"}
    assert "champions" in written_in("text('UPDATE champions SET version = 1')")
