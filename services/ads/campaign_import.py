"""Campaigns from a file into the store: the good rows go in, the others are explained."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from data import columns as col
from data.importers.campaigns import read_campaigns
from data.importers.rejects import BadCell, Place, RowCount, shorten
from services.ads.campaign import Campaign
from services.ads.campaigns import CampaignError, CampaignStore, UnknownRestaurant, VersionMismatch

_MONEY: Final = "write a whole number of minor units"
_TIME: Final = "write a time with an offset, as in 2026-01-09T19:00:00Z, or nothing"
_MENDS: Final[Mapping[str, str]] = {
    col.CAMPAIGN_ID: "write 1 to 128 characters without blanks",
    col.MARKET: "write the market's key, or name it by --market",
    col.RESTAURANT_ID: "write the id of a restaurant of the market",
    col.PAYER: "write who pays, in 1 to 200 characters",
    col.BID: f"{_MONEY}, at least 1",
    col.BILLING: "write click or order",
    col.DAILY_BUDGET: f"{_MONEY}; 0 pauses the campaign",
    col.TOTAL_BUDGET: _MONEY,
    col.STARTS_AT: _TIME,
    col.ENDS_AT: _TIME,
}


class Outcome(StrEnum):
    """What became of a row."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Rejected:
    """A row that is not in the store, and how to mend it."""

    at: Place
    problem: str
    mend: str

    def line(self) -> str:
        """For the terminal."""
        return f"{self.at.file}:{self.at.line}: {self.problem}: {self.mend}"


@dataclass
class CampaignImport:
    """The result; it is also the log of the reading."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)
    _rows: RowCount = field(default_factory=RowCount)

    def count(self, file: str) -> RowCount:
        """The rows that were read."""
        del file  # there is one
        return self._rows

    def refuse(self, at: Place, fault: BadCell) -> None:
        """A row that could not be read."""
        self.rejected.append(Rejected(at, fault.reason, "write it with as many cells as the header, quotes in pairs"))


def import_campaigns(
    store: CampaignStore, path: Path, market: str | None, role: str, *, only: bool = False
) -> CampaignImport:
    """Put every good row into the store, each in a transaction of its own; the same file again changes nothing.

    `market` is for rows that name none; with `only` rows that name another one are passed over. Raises ImportFailed
    where the file is none that can be read.
    """
    result = CampaignImport()
    first: dict[tuple[str, str], int] = {}
    for at, cells in read_campaigns(path, result):
        if only and cells.get(col.MARKET, market) != market:
            continue
        try:
            campaign = _campaign(cells if market is None else {col.MARKET: market, **cells})
        except ValidationError as error:
            result.rejected.append(_invalid(at, cells, error))
            continue
        line = first.setdefault((campaign.market, campaign.campaign_id), at.line)
        if line != at.line:
            problem = f"campaign {campaign.campaign_id!r} stands in line {line} already"
            result.rejected.append(Rejected(at, problem, "give each campaign one row"))
            continue
        try:
            result.outcomes[_put(store, campaign, role)] += 1
        except CampaignError as error:
            result.rejected.append(Rejected(at, str(error), _mend_of(error)))
    return result


class _IsClosed(CampaignError):
    """An import does not undo somebody's closing."""


def _put(store: CampaignStore, campaign: Campaign, role: str) -> Outcome:
    before = store.get(campaign.market, campaign.campaign_id)
    if before is None:
        store.put(campaign, None, role)
        return Outcome.ADDED
    if before.closed_at is not None:
        raise _IsClosed(f"campaign {campaign.campaign_id!r} was closed on {before.closed_at:%Y-%m-%d}")
    after = store.put(campaign, before.version, role)
    return Outcome.UNCHANGED if after.version == before.version else Outcome.CHANGED


def _campaign(cells: Mapping[str, Any]) -> Campaign:
    return Campaign.model_validate(cells)


def _invalid(at: Place, cells: Mapping[str, Any], error: ValidationError) -> Rejected:
    fault = error.errors(include_url=False)[0]
    name = str(fault["loc"][0]) if fault["loc"] else ""
    value = f" {shorten(str(cells[name]))!r}" if name in cells else ""
    problem = f"{name}{value}: {fault['msg']}" if name else fault["msg"]
    return Rejected(at, problem, _MENDS.get(name, "mend one of the two times"))


def _mend_of(error: CampaignError) -> str:
    if isinstance(error, UnknownRestaurant):
        return "put the restaurant into the catalogue first, or mend restaurant_id"
    if isinstance(error, VersionMismatch):
        return "somebody else wrote it in this moment: import again"
    if isinstance(error, _IsClosed):
        return "leave the row out, or open the campaign again by PUT /v1/campaigns"
    return "mend one of the two"
