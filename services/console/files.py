"""Static files with the headers that keep a page to itself."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Everything from this origin, nothing inline: text from the catalogue can never become code."""

_HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    # File names carry no hash, so a browser asks each time; without a change the answer is a 304 of a few bytes.
    "cache-control": "no-cache",
}
# Not `mimetypes`: it asks the machine, and a machine may call a script text/plain, which `nosniff` then refuses to run.
_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


class SealedFiles(StaticFiles):
    """A folder's files of known types with strict headers; other files are not found."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory)

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """The file behind a path; none for a type that no page needs."""
        return super().lookup_path(path) if Path(path).suffix in _TYPES else ("", None)

    def file_response(
        self, full_path: "str | os.PathLike[str]", stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or 304 where the client has it already."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_HEADERS)
        if response.status_code != 304:
            response.headers["content-type"] = _TYPES[Path(full_path).suffix]
        return response
