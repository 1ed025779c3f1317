from typing import Literal

ShareOfFeatureOf = Literal["both", "diner", "restaurant"]

SHARE_OF_FEATURE_OF_VALUES: set[ShareOfFeatureOf] = {
    "both",
    "diner",
    "restaurant",
}


def check_share_of_feature_of(value: str) -> ShareOfFeatureOf:
    if value in SHARE_OF_FEATURE_OF_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {SHARE_OF_FEATURE_OF_VALUES!r}")
