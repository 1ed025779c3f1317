"""Cards of the running system, from its tables and the files of its model versions."""

import threading
import time
from collections import OrderedDict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, select

from data.dataset import MarketInfo
from models.artifacts import load
from models.calibration import Calibration
from models.cards.model_card import ModelCard, Subject, model_card
from models.cards.parts import Standing
from models.explanation.parts import explains_exactly
from models.manifest import ArtifactError, ArtifactManifest, read_manifest
from services.audit.documents import read_document
from services.audit.trail import AuditTrail
from services.cards.ranking_policy import Activation, RankingPolicy, Ruling, ranking_policy
from services.cards.shares import Served, measured_shares
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.schema import active_policies, model_versions, policies
from services.database.transactions import reading
from services.events.served_lists import sample
from services.ranking.auction import why_money_is_off
from services.releases.states import State
from services.releases.store import Release, ReleaseStore
from services.retraining.runs import RunStore
from services.stakeholders.policies import PolicyNotFound, PolicyStore, active_policy, version_of
from services.stakeholders.policy import Policy
from services.stakeholders.signatures import missing_from, needs_signatures, signatures_of

DAYS: Final = 28
SAMPLED_LISTS: Final = 1_000
_KEPT_SECONDS: Final = 30.0
_WORTH: Final = 20.0
"""A page is kept for so many times as long as it took: whoever polls cannot make it most of the work."""
_ASKED_DINERS: Final = 1_000
_REMEMBERED: Final = 200


class CardError(Exception):
    """There is no such card; the message says which, and the mend."""


class Cards:
    """All methods block; they raise CardError, and StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        trail = AuditTrail(engine, clock)
        self._trail = trail
        self._catalogue = CatalogueStore(engine)
        self._policies = PolicyStore(engine, trail, clock)
        self._releases = ReleaseStore(engine, trail, clock)
        self._runs = RunStore(engine, trail, clock)
        self._exact: OrderedDict[str, bool] = OrderedDict()
        self._kept: dict[str, tuple[tuple[Any, ...], RankingPolicy, float]] = {}
        self._working = threading.Lock()

    # -- model cards

    def model_card(self, market: str, version: str | None = None) -> ModelCard:
        """Of a version of a market; of its champion where none is named."""
        info, releases = self._info(market), self._releases.releases(market)
        if not releases:
            raise CardError(f"market {market} has no model version yet: `tablestakes train DIR` makes one")
        chosen = next((one for one in releases if _is(one, version)), None)
        if chosen is None:
            what = "no champion" if version is None else f"no version {version!r}"
            raise CardError(
                f"market {market} has {what}; `tablestakes releases list` shows those that there are, "
                f"the newest is {releases[0].version.version}"
            )
        previous = _previous(chosen, releases)
        return model_card(
            self._subject(info, chosen), None if previous is None else self._subject(info, previous, judged=False)
        )

    def market_of(self, version: str) -> str:
        """The market that has this version: its name says what is in it, so there is one at most."""
        found = select(model_versions.c.market).where(model_versions.c.version == version).limit(1)
        with reading(self._engine) as connection:
            market = connection.execute(found).scalar()
        if market is not None:
            return str(market)
        raise CardError(f"no market has a version {version!r}; `tablestakes releases list` shows those that there are")

    def _info(self, market: str) -> MarketInfo:
        markets = {info.market: info for info in self._catalogue.markets(retired=True)}
        if market not in markets:
            there = ", ".join(markets) or "none: `tablestakes train DIR` makes them"
            raise CardError(f"there is no market {market!r}; there are {there}")
        return markets[market]

    def _subject(self, info: MarketInfo, release: Release, judged: bool = True) -> Subject:
        """`judged`: also what takes the whole artifact, and the run that made it."""
        version = release.version
        manifest = _manifest(version.path)
        documents = self._run_documents(version.metrics.get("run_id")) if judged else {}
        return Subject(
            market=info.market,
            market_title=info.title,
            version=version.version,
            model=version.model,
            created_at=version.created_at,
            metrics=version.metrics,
            standing=Standing(
                state=release.state.value, since=release.since, reason=release.reason, served=release.served
            ),
            manifest=manifest,
            exact=self._is_exact(version.path) if judged and manifest is not None else None,
            validation=documents.get("validate"),
            snapshot=documents.get("snapshot"),
        )

    def _run_documents(self, run_id: Any) -> dict[str, Any]:
        """What the run's first steps said; empty where it is not kept any more."""
        run = self._runs.get(run_id) if isinstance(run_id, str) else None
        return {} if run is None else {name: record.document for name, record in self._runs.steps(run).items()}

    def _is_exact(self, path: str) -> bool | None:
        """Whether the version says what its scores are made of. Opening one takes a while, so answers are kept."""
        if path not in self._exact:
            try:
                self._exact[path] = explains_exactly(load(Path(path)).model)
            except ArtifactError:
                return None
            while len(self._exact) > _REMEMBERED:
                self._exact.popitem(last=False)
        return self._exact[path]

    # -- the ranking policy

    def ranking_policy(self, market: str) -> RankingPolicy:
        """Of what makes the market's lists now; what is measured is kept for a while, a change shows at once.

        Who asks while another one measures gets the page of before, where it is of the same policy and model.
        """
        info = self._info(market)
        with reading(self._engine) as connection:
            name, version = active_policy(connection, market)
        champion = next((one for one in self._releases.releases(market) if one.state is State.CHAMPION), None)
        if champion is None:
            raise CardError(f"market {market} has no champion, so nothing is ranked: `tablestakes train DIR` makes one")
        key = (name, version, champion.version.version)
        kept = self._kept.get(market)
        if kept is not None and kept[0] == key and (time.monotonic() < kept[2] or self._working.locked()):
            return kept[1]
        with self._working:
            kept = self._kept.get(market)
            if kept is not None and kept[0] == key and time.monotonic() < kept[2]:
                return kept[1]
            started = time.monotonic()
            made = ranking_policy(self._ruling(info, name, version, champion))
            done = time.monotonic()
            self._kept[market] = (key, made, done + max(_KEPT_SECONDS, _WORTH * (done - started)))
            return made

    def _ruling(self, info: MarketInfo, name: str, version: int, champion: Release) -> Ruling:
        market, until = info.market, self._clock.now()
        with reading(self._engine) as connection:
            stored = version_of(connection, market, name, version)
            signed = [(one.seat, one.at) for one in signatures_of(connection, market, name, version)]
            since_active = connection.execute(
                select(active_policies.c.since).where(active_policies.c.market == market)
            ).scalar()
            is_stored = connection.execute(
                select(policies.c.name).where(policies.c.market == market, policies.c.name == name).limit(1)
            ).first()
            since = max([until - timedelta(days=DAYS), *([] if since_active is None else [since_active])])
            served, lists = sample(connection, market, since, until, SAMPLED_LISTS)
        policy = stored.policy
        own = [one for one in lists if (one.policy, one.policy_version) == (name, version)]
        shown = [Served(one.user_id, one.model_version, read_document(one.document)) for one in own]
        manifest = _manifest(champion.version.path)
        card = self.model_card(market)
        return Ruling(
            market=market,
            market_title=info.title,
            currency=info.currency,
            policy=policy,
            made_at=stored.created_at if is_stored else None,
            signed=signed,
            missing=missing_from(seat for seat, _ in signed) if needs_signatures(policy) else [],
            activation=None if since_active is None else self._activation(market, policy, since_active),
            model=champion.version.model,
            model_version=champion.version.version,
            model_summary=card.summary,
            money_off=None if manifest is None else why_money_is_off(policy.ads, manifest.calibration),
            features=card.importance,
            protected=self._protected(market),
            shares=measured_shares(shown, self._calibrations(market, {one.model_version for one in shown})),
            since=since,
            until=until,
            served=served,
        )

    def _activation(self, market: str, policy: Policy, at: datetime) -> Activation:
        """Who let it make the lists, and what made them before, from the audit trail."""
        moves = [
            record
            for action in ("policy.activate", "policy.override")
            for record in self._trail.page(market, limit=20, action=action, subject=policy.name)
            if record.document.get("after") == {"name": policy.name, "version": policy.version}
        ]
        if not moves:
            return Activation(at, "somebody whom the audit trail does not name", False, None)
        last = max(moves, key=lambda record: record.seq)
        before = last.document.get("before") or {}
        try:
            earlier = self._policies.version(market, before["name"], before["version"]).policy
        except (KeyError, PolicyNotFound):
            earlier = None
        return Activation(last.at, last.role, last.action == "policy.override", earlier)

    def _calibrations(self, market: str, versions: set[str]) -> dict[str, Calibration]:
        paths = {one.version.version: one.version.path for one in self._releases.releases(market)}
        found = {version: _manifest(paths[version]) for version in versions if version in paths}
        return {version: manifest.calibration for version, manifest in found.items() if manifest is not None}

    def _protected(self, market: str) -> list[str]:
        """Names of the protected attributes of a sample of diners."""
        diners = self._catalogue.diners(market, None, _ASKED_DINERS)
        return sorted({tag.partition("=")[0] for diner in diners for tag in diner.protected})


def _is(release: Release, version: str | None) -> bool:
    return release.state is State.CHAMPION if version is None else release.version.version == version


def _previous(chosen: Release, releases: list[Release]) -> Release | None:
    """The newest version before it that has been champion, else the newest before it; `releases`: newest first."""
    earlier = releases[releases.index(chosen) + 1 :]
    return next((one for one in earlier if one.served), earlier[0] if earlier else None)


def _manifest(path: str) -> ArtifactManifest | None:
    """None where the version's files are gone, or damaged."""
    try:
        return read_manifest(Path(path))
    except ArtifactError:
        return None
