"""Which of several forms of a document a client wants, and whether it has it already (RFC 9110)."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response
from pydantic import BaseModel

from models.cards.forms import Form
from services.api.examples import answers

MEDIA_TYPES: Final[dict[Form, str]] = {
    Form.JSON: "application/json",
    Form.HTML: "text/html",
    Form.MARKDOWN: "text/markdown",
}
"""Where a client takes several equally, the first of them."""

FormQuery = Annotated[
    Form | None,
    Query(alias="format", description="By default what `Accept` prefers; JSON where it does not say."),
]


def form_of(named: Form | None, accept: str) -> Form:
    """The form that was named, else the one that the header prefers, else JSON.

    >>> form_of(None, "text/html,application/xml;q=0.9,*/*;q=0.8")
    <Form.HTML: 'html'>
    >>> form_of(None, "*/*"), form_of(None, "text/markdown;q=0.2, application/*;q=0.1"), form_of(None, "image/png")
    (<Form.JSON: 'json'>, <Form.MARKDOWN: 'markdown'>, <Form.JSON: 'json'>)
    """
    if named is not None:
        return named
    ranges = [_range(text) for text in accept.split(",")]
    wanted = {form: _quality(media, ranges) for form, media in MEDIA_TYPES.items()}
    return max(wanted, key=lambda form: wanted[form])


def _range(text: str) -> tuple[str, float]:
    """A media range and its weight; one that cannot be read is taken by nobody."""
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return media, min(1.0, max(0.0, float(weight)))
    except ValueError:
        return media, 0.0


def _quality(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Of the most specific range that has it."""
    for wanted in (media, f"{media.partition('/')[0]}/*", "*/*"):
        found = [weight for named, weight in ranges if named == wanted]
        if found:
            return max(found)
    return 0.0


def document_answers(model: type[BaseModel], *errors: int) -> dict[int | str, Any]:
    """The `responses` of a route that answers in every form."""
    responses = answers(model, *errors)
    text = {"schema": {"type": "string"}}
    responses[200]["content"] = {media: text for form, media in MEDIA_TYPES.items() if form is not Form.JSON}
    responses[304] = {"description": "It is what `If-None-Match` names: the client has it already."}
    return responses


def page_headers(policy: str) -> dict[str, str]:
    """Of a page of HTML, with its content security policy."""
    return {
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }


def answered(request: Request, form: Form, body: str, **headers: str) -> Response:
    """The body with its entity tag, or 304 where the client has it."""
    data = body.encode()
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    kept = {"ETag": tag, "Vary": "Accept, Authorization", "Cache-Control": "private, no-cache"}
    seen = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in seen or "*" in seen:
        return Response(status_code=304, headers=kept)
    return Response(data, headers={**kept, **headers}, media_type=MEDIA_TYPES[form])
