"""Reads the document of a served list, of today or of before. Standard library only, Python 3.8 or newer.

A document that begins with `{` is JSON. Else it begins with the number of its form, 2, and is, little-endian,

bytes  what
    1  2
    4  n, the length of what follows
    n  JSON: all that is short; what is as it mostly is, is left out
       names: of the restaurants of the list; with an auction, of the campaigns that were candidates
       columns: each term by place, the distances; where it was explored, propensities, and those of the list as it was
       drawn; exposure and merit by group, where exposure is controlled; the auction's candidates

Names are their number (2 bytes), then for each how many bytes it has in common with the one before (1 byte), how many
follow (1 byte, or 255 and 2 bytes more), and these, in UTF-8. A column is the number of its values (2 bytes), its form
(1 byte), and by that form

0  one float64, which all of them are
1  float64 each
2  a byte each: integers from 0 to 255
3  two bytes each: integers from 0 to 65,535
4  two bytes each: such integers, to be divided by 1000
5  float32 each
6  a bit each, the lowest first: is the value anything but 0? Then float64 for each that is
7  a bit each: is it anything but what the column before has there? Then float64 for each that is

Numbers come back with the same bits. What is no number is null, as JSON has it.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from typing import Any

FORM = 2
_HEAD = struct.Struct("<BI")
_SHORT = struct.Struct("<H")
_BYTES = struct.Struct("<BB")
_COLUMN = struct.Struct("<HB")
_DOUBLE = struct.Struct("<d")
_CANDIDATE = struct.Struct("<ih?Bdddddd")
_LONG = 255
_LONGEST = 1023
_WIDTHS = {1: ("d", 8), 2: ("B", 1), 3: ("H", 2), 4: ("H", 2), 5: ("f", 4)}
TERM_NAMES = (
    ("relevance", "recency", "second_stage", "calibration", "exploration", "payment"),
    ("relevance", "recency", "second_stage", "calibration", "fairness", "exploration", "payment"),
)
"""Which terms a list may have; more may be added at the end."""
_FILTERS = ("lat", "lon", "radius_km", "cuisine", "max_price", "open_minute", "exclude", "only")


class Damaged(ValueError):
    """This is no document of a served list."""


def encoded(head: bytes, *parts: bytes) -> bytes:
    """A document of today's form from its JSON, its names and its columns."""
    return b"".join((_HEAD.pack(FORM, len(head)), head, *parts))


def read_document(document: bytes) -> dict[str, Any]:
    """A served list's document as what it says, whatever its form. Raises Damaged."""
    try:
        return _read(bytes(document))
    except (ValueError, KeyError, LookupError, TypeError, AttributeError, StopIteration, struct.error) as error:
        raise Damaged(f"this is no document of a served list: {error}") from error


def _read(document: bytes) -> dict[str, Any]:
    if document[:1] == b"{":
        plain: dict[str, Any] = json.loads(document.decode("utf-8"))
        return plain
    form, length = _HEAD.unpack_from(document)
    if form != FORM:
        raise ValueError("it is of another form")
    at = _HEAD.size + length
    head: dict[str, Any] = json.loads(document[_HEAD.size : at].decode("utf-8"))
    ads: dict[str, Any] | None = head.get("ads")
    shown, at = read_names(document, at)
    candidates, at = ([], at) if ads is None else read_names(document, at)
    columns = iter(read_columns(document, at))
    term_names = list(TERM_NAMES[head["terms"]])
    terms = [next(columns) for _ in term_names]
    if any(len(values) != len(shown) for values in terms):
        raise ValueError("its columns are of another length than its list")
    found: dict[str, Any] = {
        "filters": {**dict.fromkeys(_FILTERS), "exclude": [], **head.get("filters", {})},
        "k": head["k"],
        "personalised": head.get("personalised", True),
        "ads_wanted": head.get("ads_wanted", True),
        "degraded": head.get("degraded", []),
        "exact_parts": head.get("exact_parts", True),
        "term_names": term_names,
        "restaurant_ids": shown,
        "terms": [_said(values) if any(values) else 0.0 for values in terms],
        "distances_km": _said(next(columns)),
        "propensities": _said(next(columns)) if head.get("explored") else 1.0,
    }
    if "draw" in head:
        found["draw"] = {**head["draw"], "propensities": _said(next(columns))}
    if "fairness" in head:
        sums = {"exposure": next(columns), "merit": next(columns)}
        found["fairness"] = {**head["fairness"], **sums, "lists": 1.0, "days": 0.0}
    if ads is not None:
        rows = [_CANDIDATE.pack(*_typed(row)) for row in zip(*columns)]  # noqa: B905 - not in 3.8
        if len(rows) != len(candidates):
            raise ValueError("it has not as many candidates as names of them")
        packed = base64.b64encode(b"".join(rows)).decode()
        found["ads"] = {"campaign_ids": candidates, "candidates": packed, **ads}
        if "sold" in ads:
            found["ads"]["sold"] = [dict(zip(("campaign_id", "rank", "price"), one)) for one in ads["sold"]]  # noqa: B905
    return found


def _typed(row: tuple[float, ...]) -> tuple[Any, ...]:
    """One candidate as `services.ranking.auction.CANDIDATE` has it, from its columns in the order of the record."""
    entry, rank, per_order, outcome, value, orders, clicks, bid, reserve, pace = row
    return int(entry), int(rank), bool(per_order), int(outcome), value, clicks, bid, reserve, pace, orders


def _said(values: list[float]) -> list[Any]:
    """As JSON says it."""
    if math.isfinite(sum(values)):
        return values
    return [value if math.isfinite(value) else None for value in values]


def plain_names(packed: bytes, at: int) -> tuple[list[str], int]:
    """Names from a place on, and where they end. Raises ValueError or struct.error where they are damaged."""
    (count,) = _SHORT.unpack_from(packed, at)
    at += _SHORT.size
    found, name = [], b""
    for _ in range(count):
        shared, more = _BYTES.unpack_from(packed, at)
        at += _BYTES.size
        if more == _LONG:
            (more,) = _SHORT.unpack_from(packed, at)
            at += _SHORT.size
        if shared > len(name) or shared + more > _LONGEST or at + more > len(packed):
            raise ValueError("it ends within its names")
        name = name[:shared] + packed[at : at + more]
        found.append(name.decode("utf-8"))
        at += more
    return found, at


def plain_columns(packed: bytes, at: int) -> list[list[float]]:
    """All columns from a place on. Raises ValueError, LookupError or struct.error where they are damaged."""
    found: list[list[float]] = []
    end = len(packed)
    while at < end:
        n, form = _COLUMN.unpack_from(packed, at)
        at += _COLUMN.size
        if form == 0 and n:
            found.append([_DOUBLE.unpack_from(packed, at)[0]] * n)
            at += _DOUBLE.size
        elif form in _WIDTHS:
            code, width = _WIDTHS[form]
            values = struct.unpack_from(f"<{n}{code}", packed, at)
            found.append([value / 1000.0 for value in values] if form == 4 else [float(value) for value in values])
            at += n * width
        elif form in (6, 7):
            column = list(found[-1]) if form == 7 else [0.0] * n
            if len(column) != n or at + (n + 7) // 8 > end:
                raise ValueError("a column is damaged")
            bits = int.from_bytes(packed[at : at + (n + 7) // 8], "little")
            at += (n + 7) // 8
            while bits:
                column[(bits & -bits).bit_length() - 1] = _DOUBLE.unpack_from(packed, at)[0]
                bits &= bits - 1
                at += _DOUBLE.size
            found.append(column)
        else:
            raise ValueError("a column is of another form")
    return found


read_names, read_columns = plain_names, plain_columns
try:  # the same, compiled; an auditor does without
    from services.audit._columns import unpack as read_columns
    from services.audit._columns import unpack_names as read_names
except ImportError:
    pass
