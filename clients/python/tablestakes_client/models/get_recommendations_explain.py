from typing import Literal

GetRecommendationsExplain = Literal["full", "none", "reasons"]

GET_RECOMMENDATIONS_EXPLAIN_VALUES: set[GetRecommendationsExplain] = {
    "full",
    "none",
    "reasons",
}


def check_get_recommendations_explain(value: str) -> GetRecommendationsExplain:
    if value in GET_RECOMMENDATIONS_EXPLAIN_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_RECOMMENDATIONS_EXPLAIN_VALUES!r}")
