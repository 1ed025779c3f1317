from typing import Literal

State = Literal["canary", "challenger", "champion", "rejected", "retired", "rolled-back", "shadow"]

STATE_VALUES: set[State] = {
    "canary",
    "challenger",
    "champion",
    "rejected",
    "retired",
    "rolled-back",
    "shadow",
}


def check_state(value: str) -> State:
    if value in STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {STATE_VALUES!r}")
