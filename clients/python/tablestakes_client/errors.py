"""What is raised instead of an answer."""

from collections.abc import Mapping

import httpx

from .models.problem_body import ProblemBody


class ProblemError(Exception):
    """The API has refused (4xx) or could not (5xx): RFC 9457 problem details, where it has sent any."""

    status_code: int
    problem: ProblemBody | None
    """None where the answer is no problem details: a proxy's page, say, or 304 to a request with If-None-Match."""
    headers: Mapping[str, str]
    content: bytes

    def __init__(self, response: httpx.Response) -> None:
        self.status_code = response.status_code
        self.problem = _problem(response)
        self.headers = response.headers
        self.content = response.content
        said = self.problem.detail or self.problem.title if self.problem else response.reason_phrase
        super().__init__(f"{response.request.method} {response.request.url.path}: {self.status_code} {said}")

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, where the API says so (429, 503)."""
        try:
            return float(self.headers.get("retry-after", ""))
        except ValueError:
            return None


def _problem(response: httpx.Response) -> ProblemBody | None:
    try:
        return ProblemBody.from_dict(response.json())
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


__all__ = ["ProblemError"]
