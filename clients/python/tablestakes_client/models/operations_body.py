from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.operations_body_worker import (
    OperationsBodyWorker,
    check_operations_body_worker,
)

if TYPE_CHECKING:
    from ..models.operations_body_checks import OperationsBodyChecks


T = TypeVar("T", bound="OperationsBody")


@_attrs_define
class OperationsBody:
    """How the system runs, as machines tell it.

    Attributes:
        at (datetime.datetime): By the machine's clock, as all timestamps of metrics are.
        checks (OperationsBodyChecks): What answers, by part: `ok` or what is wrong, as `/health/ready` says.
        metrics (str): Of the API processes that answer together: Prometheus text, as `/metrics` has it.
        worker (OperationsBodyWorker | str): `not_watched`: `TABLESTAKES_WORKER_METRICS_PORT` and `…_URL` are not set.
        worker_metrics (str): Of the worker, in the same form; empty unless it is watched.
    """

    at: datetime.datetime
    checks: OperationsBodyChecks
    metrics: str
    worker: OperationsBodyWorker | str
    worker_metrics: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        at = self.at.isoformat()

        checks = self.checks.to_dict()

        metrics = self.metrics

        worker: str
        if isinstance(self.worker, str):
            worker = self.worker
        else:
            worker = self.worker

        worker_metrics = self.worker_metrics

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "at": at,
                "checks": checks,
                "metrics": metrics,
                "worker": worker,
                "worker_metrics": worker_metrics,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.operations_body_checks import OperationsBodyChecks

        d = dict(src_dict)
        at = datetime.datetime.fromisoformat(d.pop("at"))

        checks = OperationsBodyChecks.from_dict(d.pop("checks"))

        metrics = d.pop("metrics")

        def _parse_worker(data: object) -> OperationsBodyWorker | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                worker_type_0 = check_operations_body_worker(data)

                return worker_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(OperationsBodyWorker | str, data)

        worker = _parse_worker(d.pop("worker"))

        worker_metrics = d.pop("worker_metrics")

        operations_body = cls(
            at=at,
            checks=checks,
            metrics=metrics,
            worker=worker,
            worker_metrics=worker_metrics,
        )

        operations_body.additional_properties = d
        return operations_body

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
