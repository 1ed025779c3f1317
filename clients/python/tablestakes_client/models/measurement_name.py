from typing import Literal

MeasurementName = Literal["fairness-audit", "ladder"]

MEASUREMENT_NAME_VALUES: set[MeasurementName] = {
    "fairness-audit",
    "ladder",
}


def check_measurement_name(value: str) -> MeasurementName:
    if value in MEASUREMENT_NAME_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {MEASUREMENT_NAME_VALUES!r}")
