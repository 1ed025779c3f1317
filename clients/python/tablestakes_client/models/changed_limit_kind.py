from typing import Literal

ChangedLimitKind = Literal["disagreement", "limit"]

CHANGED_LIMIT_KIND_VALUES: set[ChangedLimitKind] = {
    "disagreement",
    "limit",
}


def check_changed_limit_kind(value: str) -> ChangedLimitKind:
    if value in CHANGED_LIMIT_KIND_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CHANGED_LIMIT_KIND_VALUES!r}")
