"""Releases: one champion, one trial, every move whole and on record."""

import threading
from pathlib import Path

import pytest
from release_records import MARKET, assert_consistent, damaged, register, save_versions, states, store_of
from sqlalchemy import Engine, insert, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from models.artifacts import Artifact
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.errors import StorageUnavailable
from services.database.schema import audit_trail, releases
from services.database.transactions import writing
from services.releases.registry import ModelRegistry
from services.releases.states import Move
from services.releases.store import ReleaseRefused, ReleaseStore, UnknownVersion
from services.releases.verdict import Verdict


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> list[Artifact]:
    return save_versions(tmp_path_factory.mktemp("releases"), 4)


@pytest.fixture
def versions(engine: Engine, saved: list[Artifact]) -> list[str]:
    """A champion and three challengers."""
    return [register(engine, artifact) for artifact in saved]


@pytest.fixture
def store(engine: Engine) -> ReleaseStore:
    return store_of(engine)


def move(store: ReleaseStore, version: str, to: Move, share: float = 0.0, reason: str = "") -> str:
    return store.move(MARKET, version, to, role="infra", share=share, reason=reason).state


def test_the_first_that_passed_its_gates_is_champion_and_a_rejected_one_never_serves(
    engine: Engine, saved: list[Artifact], store: ReleaseStore
) -> None:
    bad = register(engine, saved[0], passed=False)
    assert ModelRegistry(engine).champion(MARKET) is None
    assert store.lineups() == {}
    good = register(engine, saved[1], passed=True)
    later = register(engine, saved[2], passed=True)
    assert states(engine) == {bad: "rejected", good: "champion", later: "challenger"}
    for to in (Move.PROMOTE, Move.CANARY, Move.SHADOW, Move.ROLLBACK, Move.WITHDRAW):
        with pytest.raises(
            ReleaseRefused, match=r"it is rejected, because worse than the champion|never been champion"
        ):
            move(store, bad, to, share=0.5)
    register(engine, saved[0], passed=True)  # the same version, so the same verdict
    assert states(engine)[bad] == "rejected"
    assert_consistent(engine)


def test_a_version_goes_from_shadow_over_canary_to_champion_and_back(
    engine: Engine, versions: list[str], store: ReleaseStore
) -> None:
    first, second, *_ = versions
    assert move(store, second, Move.SHADOW, 0.25) == "shadow"
    assert move(store, second, Move.CANARY, 0.1) == "canary"
    trial = store.lineups()[MARKET].trial
    assert trial is not None
    assert move(store, second, Move.CANARY, 0.1) == "canary"
    assert store.lineups()[MARKET].trial == trial
    move(store, second, Move.CANARY, 0.3)
    wider = store.lineups()[MARKET].trial
    assert wider is not None
    assert wider.trial > trial.trial  # another share is another trial
    assert move(store, second, Move.PROMOTE) == "champion"
    assert states(engine) == {
        first: "retired",
        second: "champion",
        versions[2]: "challenger",
        versions[3]: "challenger",
    }
    assert move(store, first, Move.ROLLBACK, reason="orders fell") == "champion"
    assert states(engine)[second] == "rolled-back"
    assert store.releases(MARKET)[-2].reason == "orders fell"
    assert_consistent(engine)
    trail = AuditTrail(engine, Clock()).page(MARKET)
    assert [record.action for record in trail[:2]] == ["release.rollback", "release.promote"]
    assert trail[0].document["before"] == {first: {"state": "retired"}, second: {"state": "champion"}}
    assert trail[0].document["after"] == {first: {"state": "champion"}, second: {"state": "rolled-back"}}
    assert (trail[0].role, trail[0].subject) == ("infra", first)


def test_a_move_that_was_made_changes_nothing(engine: Engine, versions: list[str], store: ReleaseStore) -> None:
    moves = [
        (versions[0], Move.PROMOTE, 0.0),
        (versions[0], Move.ROLLBACK, 0.0),
        (versions[1], Move.WITHDRAW, 0.0),
    ]
    for version, to, share in moves:
        move(store, version, to, share)
    assert store.lineups()[MARKET].moves == 0
    move(store, versions[3], Move.REJECT)
    move(store, versions[3], Move.REJECT)
    assert store.lineups()[MARKET].moves == 1
    assert store.moves() == {MARKET: 1}


def test_one_version_is_on_trial_at_a_time(engine: Engine, versions: list[str], store: ReleaseStore) -> None:
    move(store, versions[1], Move.CANARY, 0.1)
    for to in (Move.CANARY, Move.SHADOW, Move.PROMOTE):
        with pytest.raises(ReleaseRefused, match=f"{versions[1]} is on trial .canary.: withdraw it first"):
            move(store, versions[2], to, 0.1)
    assert move(store, versions[1], Move.WITHDRAW) == "challenger"
    assert move(store, versions[2], Move.CANARY, 0.1) == "canary"
    assert_consistent(engine)


def test_a_rollback_to_the_champion_ends_the_trial_and_another_one_lets_it_wait(
    engine: Engine, versions: list[str], store: ReleaseStore
) -> None:
    move(store, versions[1], Move.PROMOTE)
    move(store, versions[2], Move.CANARY, 0.1)
    assert move(store, versions[1], Move.ROLLBACK) == "champion"
    assert states(engine)[versions[2]] == "rolled-back"
    move(store, versions[2], Move.CANARY, 0.1)  # it may be tried again
    move(store, versions[0], Move.ROLLBACK)
    assert [states(engine)[version] for version in versions[:3]] == ["champion", "rolled-back", "challenger"]
    with pytest.raises(ReleaseRefused, match="it is challenger"):
        move(store, versions[3], Move.ROLLBACK)
    move(store, versions[2], Move.CANARY, 0.1)
    store.end_trial(MARKET, store.releases(MARKET)[1].trial, "worker", "errors", {"e": 100.0})
    with pytest.raises(ReleaseRefused, match="never been champion"):
        move(store, versions[2], Move.ROLLBACK)
    assert_consistent(engine)


def test_only_the_trial_that_was_watched_is_ended(engine: Engine, versions: list[str], store: ReleaseStore) -> None:
    move(store, versions[1], Move.CANARY, 0.1)
    watched = store.lineups()[MARKET].trial
    assert watched is not None
    move(store, versions[1], Move.CANARY, 0.2)
    assert store.end_trial(MARKET, watched.trial, "worker", "too late", {}) is None
    assert store.end_trial(MARKET, 0, "worker", "none", {}) is None
    now = store.lineups()[MARKET].trial
    assert now is not None
    store.keep_evidence(MARKET, now.trial, {"orders": {"e": 2.0}})
    assert store.lineups()[MARKET].moves == now.trial  # evidence moves nothing
    ended = store.end_trial(MARKET, now.trial, "worker", "guardrail orders", {"orders": {"e": 90.0}})
    assert ended is not None
    assert states(engine)[versions[1]] == "rolled-back"
    assert store.releases(MARKET)[-2].evidence == {"orders": {"e": 90.0}}
    assert AuditTrail(engine, Clock()).page(MARKET)[0].role == "worker"
    assert_consistent(engine)


def test_what_is_not_there_is_named(engine: Engine, versions: list[str], store: ReleaseStore) -> None:
    for market, version in ((MARKET, "lightfm-000000000000"), ("nowhere", versions[0])):
        with pytest.raises(UnknownVersion, match="has no version"):
            store.move(market, version, Move.PROMOTE, role="infra")


@pytest.mark.parametrize("to", [Move.PROMOTE, Move.CANARY, Move.SHADOW, Move.ROLLBACK])
def test_a_damaged_artifact_is_refused_before_anything_changes(
    engine: Engine, saved: list[Artifact], versions: list[str], store: ReleaseStore, to: Move
) -> None:
    move(store, versions[1], Move.PROMOTE)
    before, chosen = states(engine), saved[0] if to is Move.ROLLBACK else saved[2]
    file = chosen.path / "serving.safetensors"
    spoilt = bytearray(file.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    with damaged(file, bytes(spoilt)), pytest.raises(ReleaseRefused, match="is damaged"):
        move(store, chosen.version, to, 0.1)
    assert states(engine) == before
    assert_consistent(engine)


def test_a_path_that_leads_to_another_version_is_refused(engine: Engine, saved: list[Artifact]) -> None:
    register(engine, saved[0])
    ModelRegistry(engine).register(MARKET, "lightfm-other", "lightfm", str(saved[1].path), {})
    with pytest.raises(ReleaseRefused, match=f"lightfm-other holds {saved[1].version}"):
        store_of(engine).move(MARKET, "lightfm-other", Move.PROMOTE, role="infra")


def test_without_a_record_there_is_no_move(engine: Engine, versions: list[str], store: ReleaseStore) -> None:
    before = states(engine)
    with writing(engine) as connection:
        audit_trail.drop(connection)
    for version, to in ((versions[1], Move.PROMOTE), (versions[2], Move.CANARY), (versions[3], Move.REJECT)):
        with pytest.raises((StorageUnavailable, DBAPIError)):
            move(store, version, to, 0.1)
    assert states(engine) == before
    assert store.moves() == {}


def test_the_database_itself_holds_one_champion_and_one_trial(engine: Engine, versions: list[str]) -> None:
    for state in ("champion", "canary"):
        both = update(releases).where(releases.c.version.in_(versions[1:3])).values(state=state)
        with pytest.raises(IntegrityError), writing(engine) as connection:
            connection.execute(both)
    row = {"market": MARKET, "version": "nothing", "state": "challenger", "since": Clock().now(), "reason": ""}
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(insert(releases), {**row, "served": False, "share": 0.0, "trial": 0, "evidence": "{}"})


def test_there_is_one_champion_while_many_move_at_once(
    engine: Engine, versions: list[str], store: ReleaseStore
) -> None:
    seen: set[tuple[int, str]] = set()
    faults: list[Exception] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            lineup = store.lineups()[MARKET]
            seen.add((lineup.moves, lineup.champion.version))

    def work(version: str) -> None:
        for number in range(6):
            try:
                to = (Move.PROMOTE, Move.CANARY, Move.ROLLBACK, Move.WITHDRAW)[number % 4]
                store.move(MARKET, version, to, role="infra", share=0.1)
            except ReleaseRefused:
                pass
            except Exception as error:  # noqa: BLE001 - told by the test's own thread
                faults.append(error)

    looking = threading.Thread(target=look)
    looking.start()
    threads = [threading.Thread(target=work, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    looking.join()
    assert faults == []
    assert len(seen) == len({moves for moves, _ in seen})  # at one reading of the clock there is one champion
    assert_consistent(engine)


def test_verdicts_are_kept_with_their_reasons(engine: Engine, saved: list[Artifact], store: ReleaseStore) -> None:
    register(engine, saved[0])
    registry = ModelRegistry(engine)
    verdict = Verdict(False, ("nDCG@10 fell by 0.02", "p99 doubled"))
    artifact = saved[1]
    registry.register(MARKET, artifact.version, "lightfm", str(Path(artifact.path)), {}, verdict=verdict)
    found = next(each for each in store.releases(MARKET) if each.version.version == artifact.version)
    assert (found.state, found.reason) == ("rejected", "nDCG@10 fell by 0.02; p99 doubled")
    record = AuditTrail(engine, Clock()).page(MARKET)[0]
    assert (record.action, record.role) == ("release.register", "system")
    assert record.document["after"]["reasons"] == ["nDCG@10 fell by 0.02", "p99 doubled"]
