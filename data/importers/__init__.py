"""Real data into the tables of a dataset: one function, and a report of every refused row."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from data.dataset import MarketInfo
from data.importers.checkins import import_checkins
from data.importers.csv_tables import import_csv
from data.importers.movielens import import_movielens
from data.importers.report import ImportFailed, ImportOptions, ImportReport
from data.importers.uci import import_uci

__all__ = ["KINDS", "ImportFailed", "ImportOptions", "ImportReport", "import_dataset"]

KINDS: Final[Mapping[str, Callable[[Path, Path, ImportOptions], ImportReport]]] = {
    "uci": lambda source, out, _: import_uci(source, out),
    "movielens": lambda source, out, _: import_movielens(source, out),
    "checkins": import_checkins,
    "csv": import_csv,
}
"""Every kind of source that can be imported."""


def import_dataset(kind: str, source: Path, out: Path, options: ImportOptions | None = None) -> ImportReport:
    """Import a source of a kind of `KINDS` into a dataset at `out`, whole or not at all.

    Raises ImportFailed, a line for people, where nothing can be imported (unknown kind, missing or unreadable file,
    wrong option), and DatasetError where `out` holds something that is no dataset. Single bad rows raise nothing:
    they stand in the report and in OUT/rejects.csv.
    """
    if kind not in KINDS:
        raise ImportFailed(f"there is no kind of source {kind!r}: choose one of {', '.join(KINDS)}.")
    options = options or ImportOptions()
    _check(options)
    return KINDS[kind](source, out, options)


def _check(options: ImportOptions) -> None:
    try:
        MarketInfo(market=options.market_key)
        ZoneInfo(options.time_zone)
    except ValidationError:
        raise ImportFailed(
            f"the market key {options.market!r} is not allowed: lower case letters, digits and hyphens, such as berlin."
        ) from None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ImportFailed(
            f"there is no time zone {options.time_zone!r}: give an IANA name such as Europe/Berlin."
        ) from None
    if not (len(options.currency) == 3 and options.currency.isascii() and options.currency.isupper()):
        raise ImportFailed(f"{options.currency!r} is no currency: give an ISO 4217 code such as EUR.")
