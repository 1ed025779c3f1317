"""Why a lever is used: one header for all writes whose body has no place for it."""

from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import Depends, Header

from services.api.problems import Unprocessable

_LONGEST: Final = 500


def _reason(
    reason: Annotated[
        str,
        Header(
            alias="X-Reason",
            max_length=3 * _LONGEST,
            description="Why, for the audit trail: up to 500 characters, those beyond ASCII percent-encoded as UTF-8.",
        ),
    ] = "",
) -> str:
    try:
        text = unquote(reason, errors="strict")
    except UnicodeDecodeError:
        raise Unprocessable("header X-Reason: percent-encode it as UTF-8") from None
    if len(text) > _LONGEST or "\0" in text:
        raise Unprocessable(f"header X-Reason: at most {_LONGEST} characters, none of them NUL")
    return text


ReasonDep = Annotated[str, Depends(_reason)]
"""The header `X-Reason`, decoded; empty where none was sent."""
