"""Which column of somebody's own files is which of ours."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data import columns as col
from data.columns import Table
from data.importers.report import ImportFailed, reading
from data.importers.sources import header_of

REQUIRED: Final[Mapping[Table, tuple[str, ...]]] = {
    Table.RESTAURANTS: (col.RESTAURANT_ID, col.NAME, col.LAT, col.LON),
    Table.DINERS: (col.USER_ID,),
    Table.EVENTS: (col.USER_ID, col.RESTAURANT_ID),
}
OPTIONAL: Final[Mapping[Table, tuple[str, ...]]] = {
    Table.RESTAURANTS: (
        col.MARKET,
        col.CUISINES,
        col.PRICE_LEVEL,
        col.CHAIN,
        col.DISTRICT,
        col.OPENED_AT,
        col.HOURS,
        col.DELIVERY,
        col.TAGS,
    ),
    Table.DINERS: (col.MARKET, col.HOME_LAT, col.HOME_LON, col.PROFILE, col.PROTECTED),
    Table.EVENTS: (
        col.EVENT_ID,
        col.TYPE,
        col.AT,
        col.VALUE,
        col.REQUEST_ID,
        col.ORDER_ID,
        col.POSITION,
        col.PROPENSITY,
    ),
}
TAG_LISTS: Final[Mapping[Table, tuple[str, ...]]] = {
    Table.RESTAURANTS: (col.TAGS,),
    Table.DINERS: (col.PROFILE, col.PROTECTED),
    Table.EVENTS: (),
}
"""Lists of tags: `restaurants.tags.terrace=Terraza` puts the column's values in as `terrace=…`."""

SYNONYMS: Final[Mapping[str, Sequence[str]]] = {
    col.RESTAURANT_ID: ("restaurantid", "placeid", "venueid", "businessid", "shopid", "storeid", "itemid", "poiid"),
    col.USER_ID: ("userid", "dinerid", "customerid", "clientid", "guestid", "user", "diner", "customer", "cliente"),
    col.NAME: ("name", "restaurant", "restaurantname", "title", "nombre", "nom"),
    col.LAT: ("lat", "latitude", "latitud", "breitengrad", "y"),
    col.LON: ("lon", "lng", "long", "longitude", "longitud", "laengengrad", "längengrad", "x"),
    col.MARKET: ("market", "city", "town", "ciudad", "stadt", "ville"),
    col.CUISINES: ("cuisines", "cuisine", "categories", "category", "cocina", "küche"),
    col.PRICE_LEVEL: ("pricelevel", "price", "pricerange", "precio", "preis"),
    col.CHAIN: ("chain", "brand", "franchise", "cadena", "kette"),
    col.DISTRICT: ("district", "neighbourhood", "neighborhood", "area", "barrio", "stadtteil", "quartier"),
    col.OPENED_AT: ("openedat", "opened", "openingdate", "since"),
    col.HOURS: ("hours", "openinghours", "horario", "öffnungszeiten"),
    col.DELIVERY: ("delivery", "delivers", "hasdelivery"),
    col.TAGS: ("tags", "attributes", "features"),
    col.HOME_LAT: ("homelat", "homelatitude", "lat", "latitude"),
    col.HOME_LON: ("homelon", "homelng", "homelongitude", "lon", "lng", "longitude"),
    col.PROFILE: ("profile",),
    col.PROTECTED: ("protected",),
    col.EVENT_ID: ("eventid",),
    col.TYPE: ("type", "eventtype", "event", "action"),
    col.AT: ("at", "time", "timestamp", "datetime", "date", "createdat", "orderedat", "fecha", "zeit", "datum"),
    col.VALUE: ("value", "rating", "stars", "score", "bewertung", "amountminor"),
    col.REQUEST_ID: ("requestid",),
    col.ORDER_ID: ("orderid",),
    col.POSITION: ("position", "rank", "slot"),
    col.PROPENSITY: ("propensity",),
}
"""Headers in lower case, letters and digits only. `id` is the key of its own table."""

_KEYS: Final = {Table.RESTAURANTS: col.RESTAURANT_ID, Table.DINERS: col.USER_ID, Table.EVENTS: col.EVENT_ID}


@dataclass(frozen=True)
class TableFile:
    """One of somebody's files, and which of its columns is which of ours."""

    path: Path
    table: Table
    delimiter: str
    columns: Mapping[str, str]
    """Our column, or `tags.NAME`, `profile.NAME`, `protected.NAME`, -> theirs."""
    unused: tuple[str, ...]
    """Their columns that are not imported."""


def find_files(source: Path) -> dict[Table, Path]:
    """restaurants, diners and events in a folder (or in the folder of the file named), as .csv, .tsv or .txt."""
    with reading(source):
        if not source.exists():
            raise ImportFailed(f"{source} does not exist: name the folder with restaurants.csv.")
        folder = source if source.is_dir() else source.parent
        present = {entry.name.lower(): entry for entry in folder.iterdir()}
    found = {
        table: present[name]
        for table in REQUIRED
        for name in (f"{table}.txt", f"{table}.tsv", f"{table}.csv")
        if name in present
    }
    if Table.RESTAURANTS not in found:
        raise ImportFailed(f"{folder} has no restaurants.csv: name the folder with restaurants, diners and events.")
    return found


def table_files(source: Path, mapping: Mapping[str, str]) -> dict[Table, TableFile]:
    """Each file with its columns resolved; ImportFailed where a needed one is missing or the mapping names none."""
    files = find_files(source)
    _refuse_unknown(mapping)
    resolved = {table: _resolve(path, table, mapping) for table, path in files.items()}
    for file in resolved.values():
        missing = [name for name in REQUIRED[file.table] if name not in file.columns]
        if missing:
            raise ImportFailed(
                f"{file.path} has no column for {', '.join(missing)} (found: {', '.join(file.unused)[:200]}): "
                f"map it, as in --map {file.table}.{missing[0]}=COLUMN."
            )
    return resolved


def suggest(source: Path) -> dict[str, str]:
    """A draft of the mapping from the headers: `table.column` -> their column."""
    return {
        f"{table}.{ours}": theirs
        for table, path in find_files(source).items()
        for ours, theirs in _resolve(path, table, {}).columns.items()
    }


def read_mapping(file: Path) -> dict[str, str]:
    """A mapping from a JSON object of texts, as `suggest` drafts it; ImportFailed where it is none."""
    with reading(file):
        raw = file.read_bytes()
    try:
        mapping = json.loads(raw)
    except ValueError as error:
        raise ImportFailed(f"{file} is no JSON: {error}.") from None
    if not isinstance(mapping, dict) or not all(isinstance(value, str) for value in mapping.values()):
        raise ImportFailed(f'{file} is no mapping: write {{"restaurants.lat": "Latitude", …}}.')
    return mapping


def _resolve(path: Path, table: Table, mapping: Mapping[str, str]) -> TableFile:
    header, delimiter = header_of(path)
    columns: dict[str, str] = {}
    for ours in (*REQUIRED[table], *OPTIONAL[table]):
        theirs = _asked(path, table, ours, mapping, header) or _known(table, ours, header)
        if theirs:
            columns[ours] = theirs
    for key, theirs in mapping.items():
        owner, _, name = key.partition(".")
        if owner == table and "." in name:
            columns[name] = _in_header(path, theirs, header)
    unused = tuple(theirs for theirs in header if theirs not in columns.values())
    return TableFile(path, table, delimiter, columns, unused)


def _asked(path: Path, table: Table, ours: str, mapping: Mapping[str, str], header: Sequence[str]) -> str | None:
    """The mapped column; the short key `lat` counts in every table that has such a column of both."""
    if theirs := mapping.get(f"{table}.{ours}"):
        return _in_header(path, theirs, header)
    theirs = mapping.get(ours)
    return theirs if theirs in header else None


def _in_header(path: Path, theirs: str, header: Sequence[str]) -> str:
    if theirs not in header:
        raise ImportFailed(
            f"{path} has no column {theirs!r}, which the mapping names: it has {', '.join(header)[:200]}."
        )
    return theirs


def _known(table: Table, ours: str, header: Sequence[str]) -> str | None:
    names = (*SYNONYMS[ours], "id") if _KEYS[table] == ours else SYNONYMS[ours]
    folded = {_folded(theirs): theirs for theirs in reversed(header)}
    return next((folded[name] for name in names if name in folded), None)


def _refuse_unknown(mapping: Mapping[str, str]) -> None:
    for key in mapping:
        table, dot, name = key.partition(".")
        tables = [Table(table)] if dot and table in REQUIRED else list(REQUIRED)
        ours = name if dot and table in REQUIRED else key
        stem = ours.partition(".")[0] if dot and table in REQUIRED else ours
        if not any(
            ours in (*REQUIRED[one], *OPTIONAL[one]) or ("." in ours and stem in TAG_LISTS[one]) for one in tables
        ):
            raise ImportFailed(f"the mapping names {key!r}, which is no column of ours: see docs/data.md.")


def _folded(header: str) -> str:
    return "".join(letter for letter in header.lower() if letter.isalnum())
