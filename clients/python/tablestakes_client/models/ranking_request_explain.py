from typing import Literal

RankingRequestExplain = Literal["full", "none", "reasons"]

RANKING_REQUEST_EXPLAIN_VALUES: set[RankingRequestExplain] = {
    "full",
    "none",
    "reasons",
}


def check_ranking_request_explain(value: str) -> RankingRequestExplain:
    if value in RANKING_REQUEST_EXPLAIN_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RANKING_REQUEST_EXPLAIN_VALUES!r}")
