from typing import Literal

EventWriteType = Literal["click", "dismiss", "impression", "order", "order_cancelled", "rating"]

EVENT_WRITE_TYPE_VALUES: set[EventWriteType] = {
    "click",
    "dismiss",
    "impression",
    "order",
    "order_cancelled",
    "rating",
}


def check_event_write_type(value: str) -> EventWriteType:
    if value in EVENT_WRITE_TYPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {EVENT_WRITE_TYPE_VALUES!r}")
