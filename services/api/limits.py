"""How large a request may be: its address, its headers, and how deep its JSON goes. Looked at before any work is done.

The body's size is the edge's own limit (`services/api/edge.py`), for it is found while the body comes in; what arrives
too slowly, or never ends, is `services/api/slow_clients.py`.
"""

import re
from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

from services.api.problems import BadRequest, HeadersTooLarge, UriTooLong

_ESCAPED: Final = re.compile(rb"\\.", re.DOTALL)
_INNERMOST: Final = re.compile(rb"\[\]|\{\}")
_STRING: Final = re.compile(rb'"[^"]*"')
_NOT_STRUCTURE: Final = bytes(byte for byte in range(256) if byte not in b'[]{}"')


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """The most that a request may have."""

    url_bytes: int = 32_768
    """Path and query, percent-encoded as they were sent."""
    query_fields: int = 300
    header_bytes: int = 16_384
    """Names and values together."""
    headers: int = 100
    body_bytes: int = 1_000_000
    json_levels: int = 32
    """Arrays and objects inside one another."""

    def check(self, scope: Scope) -> None:
        """Raise UriTooLong (414), BadRequest (400) or HeadersTooLarge (431) for what is over a limit."""
        query, headers = scope["query_string"], scope["headers"]
        if len(scope.get("raw_path") or b"") + len(query) > self.url_bytes:
            raise UriTooLong(f"the address may have {self.url_bytes:,} bytes at most, its query included")
        if query.count(b"&") >= self.query_fields:
            raise BadRequest(f"the query may have {self.query_fields:,} fields at most")
        if len(headers) > self.headers:
            raise HeadersTooLarge(f"a request may have {self.headers:,} headers at most")
        size = 0
        for name, value in headers:
            size += len(name) + len(value)
        if size > self.header_bytes:
            raise HeadersTooLarge(f"the headers may have {self.header_bytes:,} bytes at most")

    def check_json(self, body: bytes) -> None:
        """Raise BadRequest (400) for a body that nests too deep."""
        if deeper_than(body, self.json_levels):
            raise BadRequest(f"the body may have {self.json_levels} arrays and objects inside one another at most")


def deeper_than(body: bytes, levels: int) -> bool:
    """Whether JSON has more than `levels` arrays and objects inside one another; NDJSON is read as one text.

    Only whole passes over the bytes, nothing by character: what is not structure is thrown away, and then each pass
    takes the innermost level off. What is no JSON may be told either way, for a parser refuses it afterwards.

    >>> deeper_than(b'[{"a": "]]"}, {}]', 2), deeper_than(b'[{"a": "]]"}, {}]', 1)
    (False, True)
    """
    if body.count(b"[") + body.count(b"{") <= levels:
        return False
    if b"\\" in body:
        body = _ESCAPED.sub(b"", body)
    # Without its content a string is a pair of quotes; only one that had a bracket in it is left for the expression.
    body = body.translate(None, _NOT_STRUCTURE).replace(b'""', b"")
    if b'"' in body:
        body = _STRING.sub(b"", body)
    for _ in range(levels):
        if not body:
            return False
        body = _INNERMOST.sub(b"", body)
    return bool(body)
