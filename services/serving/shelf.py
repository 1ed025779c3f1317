"""The models of a market that a process has loaded: what served lately stays, so that a swap is a pointer."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import structlog

from data.dataset import MarketInfo
from models.artifacts import Artifact, ArtifactError, load
from services.ads.campaign import Campaign
from services.catalogue.records import Restaurant
from services.releases.registry import ModelVersion
from services.releases.states import State
from services.releases.store import Lineup
from services.serving.snapshot import MarketSnapshot, build_snapshot, with_artifact, with_trial
from services.stakeholders.policy import Policy

_KEPT: Final = 4
"""Models a market: the champion, the one on trial, and those to which a rollback may lead."""
Kept = TypeVar("Kept")
_log = structlog.get_logger(__name__)


class Shelf:
    """Snapshots of one market, one for each model, all of the same catalogue, policies and campaigns.

    Used by one thread at a time. A version whose artifact is refused is logged and passed over; what is on the shelf
    already serves on.
    """

    def __init__(self, market: str) -> None:
        self.around: object = None
        """What the models were last joined with: equal to what there is now, or `rebuild` is due."""
        self._market = market
        self._artifacts: OrderedDict[str, Artifact] = OrderedDict()
        self._snapshots: OrderedDict[str, MarketSnapshot] = OrderedDict()
        self._champion = ""
        """Whose version served last."""
        self._refused: set[str] = set()

    def rebuild(
        self,
        info: MarketInfo,
        catalogue_version: int,
        restaurants: Sequence[Restaurant],
        policies: Mapping[str, Policy],
        active_policy: str,
        book_version: int,
        campaigns: Sequence[Campaign],
        champion: ModelVersion,
    ) -> bool:
        """Join the models anew with what has changed around them; False where no model can serve."""
        artifact = self._artifact(champion) or self._artifacts.get(self._champion)
        if artifact is None:
            return False
        built = build_snapshot(
            info, catalogue_version, restaurants, artifact, policies, active_policy, book_version, campaigns
        )
        self._snapshots = OrderedDict({artifact.version: built})
        _log.info("snapshot_built", market=info.market, model=artifact.version, restaurants=len(restaurants))
        return True

    def lined_up(self, lineup: Lineup) -> MarketSnapshot | None:
        """The champion's snapshot with the version on trial beside it; None before anything was built.

        A champion whose artifact is refused leaves what served last, without a trial.
        """
        champion = self._snapshot(lineup.champion)
        if champion is None:
            return self._snapshots.get(self._champion)
        self._champion = lineup.champion.version
        trial = lineup.trial
        if trial is None:
            return champion
        beside = self._snapshot(trial.version)
        if beside is None or beside is champion:
            return champion
        return with_trial(champion, beside, trial.share, trial.state is State.CANARY, trial.trial)

    def _snapshot(self, version: ModelVersion) -> MarketSnapshot | None:
        """The version on this shelf's catalogue; None where nothing was built, or its artifact is refused."""
        found = self._snapshots.get(version.version)
        if found is None and self._snapshots:
            artifact = self._artifact(version)
            if artifact is None:
                return None
            found = with_artifact(next(reversed(self._snapshots.values())), artifact)
            _log.info("model_loaded", market=self._market, model=version.version)
        if found is not None:
            self._keep(self._snapshots, version.version, found)
        return found

    def _artifact(self, version: ModelVersion) -> Artifact | None:
        found = self._artifacts.get(version.version)
        if found is None:
            try:
                found = load(Path(version.path))
                if (found.manifest.market, found.version) != (version.market, version.version):
                    raise ArtifactError(f"{version.path} holds {found.version} of {found.manifest.market}")
            except ArtifactError as error:
                if version.version not in self._refused:  # once, not at each look
                    _log.error("artifact_refused", market=self._market, version=version.version, reason=str(error))
                self._refused.add(version.version)
                return None
            found.diner_row("")  # the table of diners is made here, and not by the first request
        self._keep(self._artifacts, version.version, found)
        return found

    @staticmethod
    def _keep(kept: OrderedDict[str, Kept], version: str, found: Kept) -> None:
        kept[version] = found
        kept.move_to_end(version)
        while len(kept) > _KEPT:
            kept.popitem(last=False)
