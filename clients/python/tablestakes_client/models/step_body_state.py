from typing import Literal

StepBodyState = Literal["done", "running", "waiting"]

STEP_BODY_STATE_VALUES: set[StepBodyState] = {
    "done",
    "running",
    "waiting",
}


def check_step_body_state(value: str) -> StepBodyState:
    if value in STEP_BODY_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {STEP_BODY_STATE_VALUES!r}")
