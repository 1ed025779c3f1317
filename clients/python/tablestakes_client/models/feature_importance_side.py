from typing import Literal

FeatureImportanceSide = Literal["diner", "moment", "restaurant"]

FEATURE_IMPORTANCE_SIDE_VALUES: set[FeatureImportanceSide] = {
    "diner",
    "moment",
    "restaurant",
}


def check_feature_importance_side(value: str) -> FeatureImportanceSide:
    if value in FEATURE_IMPORTANCE_SIDE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FEATURE_IMPORTANCE_SIDE_VALUES!r}")
