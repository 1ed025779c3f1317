from typing import Literal

OperationsBodyWorker = Literal["away", "not_watched", "watched"]

OPERATIONS_BODY_WORKER_VALUES: set[OperationsBodyWorker] = {
    "away",
    "not_watched",
    "watched",
}


def check_operations_body_worker(value: str) -> OperationsBodyWorker:
    if value in OPERATIONS_BODY_WORKER_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {OPERATIONS_BODY_WORKER_VALUES!r}")
