"""Parsing single cells. Each parser raises BadCell with a fixed reason; none lets NaN, Infinity or nonsense through."""

import math
import re
import unicodedata
from datetime import UTC, datetime
from typing import Final

from data.importers.rejects import BadCell

MISSING: Final = frozenset({"", "?", "na", "n/a", "nan", "null", "none", "-"})
"""What sources write for "not known"; compared in lower case. Not applied where `none` is a value (see `known`)."""

MICROSECONDS: Final = 1_000_000
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)

PRICE_WORDS: Final = {
    **dict.fromkeys(("low", "cheap", "budget"), 1),
    **dict.fromkeys(("medium", "moderate"), 2),
    **dict.fromkeys(("high", "expensive"), 3),
    "luxury": 4,
}

_IDENTIFIER = re.compile(r"[^\s\x00-\x1f]{1,128}")
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
_LIST_MARKS = re.compile(r"[;|]")
_TIME_FORMATS: Final = ("%a %b %d %H:%M:%S %z %Y", "%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M:%S")
_YES: Final = frozenset({"true", "t", "yes", "y", "1", "si", "sí", "ja", "oui"})
_NO: Final = frozenset({"false", "f", "no", "n", "0", "nein", "non"})


def is_missing(text: str) -> bool:
    """Whether the cell says that the value is not known."""
    return text.strip().lower() in MISSING


def known(text: str) -> bool:
    """The same question where `none` is an answer ("no smoking area"): only the empty cell and `?` are missing."""
    return text.strip() not in {"", "?"}


def identifier(text: str) -> str:
    """An id: 1 to 128 characters without blanks."""
    if not _IDENTIFIER.fullmatch(text):
        raise BadCell("not an id: 1 to 128 characters without blanks")
    return text


def name(text: str) -> str:
    """A display name: blanks and underscores as one space each, letters and accents as they are; 1 to 200 long."""
    tidy = " ".join(text.replace("_", " ").split())
    if not tidy:
        raise BadCell("no name")
    return tidy[:200]


def word(text: str) -> str:
    """The form in which a tag's value or a cuisine is compared: lower case, underscores and blanks as one space."""
    return " ".join(text.replace("_", " ").split()).lower()


def tag(label: str, text: str) -> str:
    """The tag `name=value` of the model's features."""
    return f"{label}={word(text)}"


def text_list(text: str) -> list[str]:
    """The words of a list separated by `;` or `|`, in order, each once."""
    words = (word(part) for part in _LIST_MARKS.split(text))
    return list(dict.fromkeys(part for part in words if part and part not in MISSING))


def number(text: str) -> float:
    """A finite decimal number with a point."""
    if not _NUMBER.fullmatch(text):
        raise BadCell("not a number")
    value = float(text)
    if not math.isfinite(value):
        raise BadCell("number too large")
    return value


def within(low: float, high: float, text: str) -> float:
    """A number in [low, high]."""
    value = number(text)
    if not low <= value <= high:
        raise BadCell(f"not within {low:g} to {high:g}")
    return value


def latitude(text: str) -> float:
    """Degrees north, -90 to 90."""
    return within(-90.0, 90.0, text)


def longitude(text: str) -> float:
    """Degrees east, -180 to 180."""
    return within(-180.0, 180.0, text)


def age_group(age: int) -> str:
    """One of `-17`, `18-24`, `25-34`, `35-49`, `50-64`, `65-`, `?` for none that a person has."""
    bounds = (("-17", 17), ("18-24", 24), ("25-34", 34), ("35-49", 49), ("50-64", 64), ("65-", 120))
    return next((label for label, last in bounds if 0 <= age <= last), "?")


def boolean(text: str) -> bool:
    """Yes or no in the usual spellings."""
    folded = text.lower()
    if folded not in _YES | _NO:
        raise BadCell("neither yes nor no")
    return folded in _YES


def price_level(text: str) -> int:
    """1 to 4, from a digit, from one to four signs of a currency, or from a word such as `cheap`."""
    if text in {"1", "2", "3", "4"}:
        return int(text)
    if 1 <= len(text) <= 4 and set(text) <= set("$€£¥") and len(set(text)) == 1:
        return len(text)
    if text.lower() in PRICE_WORDS:
        return PRICE_WORDS[text.lower()]
    raise BadCell("price level is none of 1 to 4, $ to $$$$, low, medium, high")


def market_key(text: str) -> str:
    """A market's key from a city's name: `San Luis Potosí` -> `san-luis-potosi`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].strip("-")
    if not key:
        raise BadCell("no market's name")
    return key


def position(text: str) -> int:
    """A place in a list, 1 = top."""
    value = within(1, 32_767, text)
    if value != int(value):
        raise BadCell("not a whole number")
    return int(value)


def microseconds(text: str) -> int:
    """A time as microseconds since 1970-01-01 UTC, exact.

    Read are ISO 8601 (without an offset: UTC), `Tue Apr 03 18:00:09 +0000 2012`, `31/12/2012 18:00:09`,
    `31.12.2012 18:00`, `2012/12/31 18:00:09`, and seconds or milliseconds since 1970 (from 10^11 on: milliseconds).
    Times before 1970 or from 2100 on are refused.
    """
    if _NUMBER.fullmatch(text):
        seconds = number(text)
        value = round(seconds * (1_000 if seconds >= 1e11 else MICROSECONDS)) if abs(seconds) < 1e15 else -1
    else:
        value = _since_1970(_moment(text))
    if not 0 <= value < _since_1970(LATEST):
        raise BadCell("time before 1970 or after 2099")
    return value


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _other_format(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _other_format(text: str) -> datetime:
    for form in _TIME_FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise BadCell("not a time")


def _since_1970(moment: datetime) -> int:
    gap = moment - EARLIEST
    return (gap.days * 86_400 + gap.seconds) * MICROSECONDS + gap.microseconds
