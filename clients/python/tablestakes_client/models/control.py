from typing import Literal

Control = Literal["fairco", "none", "p-mmf"]

CONTROL_VALUES: set[Control] = {
    "fairco",
    "none",
    "p-mmf",
}


def check_control(value: str) -> Control:
    if value in CONTROL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CONTROL_VALUES!r}")
