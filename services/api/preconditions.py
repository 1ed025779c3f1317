"""ETag and If-Match (RFC 9110): nobody overwrites what they have not seen."""

from typing import Annotated

from fastapi import Header

from services.api.problems import PreconditionFailed, PreconditionRequired

IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The `ETag` that you have read; needed to change what exists.")
]


def etag(version: int) -> str:
    """The version as an entity tag."""
    return f'"{version}"'


def seen_version(what: str, if_match: str | None, current: int | None) -> int | None:
    """The version that a write may replace: `current`, None where there is none yet.

    Raises PreconditionRequired where it exists and the header is missing, PreconditionFailed where it names another
    version or nothing exists.
    """
    if if_match is None:
        if current is not None:
            raise PreconditionRequired(f"{what} exists: send If-Match: {etag(current)} if that is what you have seen")
        return None
    if current is None:
        raise PreconditionFailed(f"{what} does not exist: leave If-Match out to make it")
    # A proxy that compresses answers makes the tag weak; the version that it names is the same.
    tags = {tag.strip().removeprefix("W/") for tag in if_match.split(",")}
    if "*" not in tags and etag(current) not in tags:
        raise PreconditionFailed(f"{what} has the version {etag(current)} by now: read it again")
    return current
