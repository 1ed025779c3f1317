from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.run_detail_state import RunDetailState, check_run_detail_state

if TYPE_CHECKING:
    from ..models.run_detail_log_item import RunDetailLogItem
    from ..models.step_body import StepBody
    from ..models.version_body import VersionBody


T = TypeVar("T", bound="RunDetail")


@_attrs_define
class RunDetail:
    """A run with all that is known of it.

    Attributes:
        run_id (str):
        market (str):
        state (RunDetailState | str): `finished`: the gates have spoken; `failed`: it ended before, see `reasons`.
        requested_by (str): A role, or `schedule`.
        requested_at (datetime.datetime):
        started_at (datetime.datetime | None):
        finished_at (datetime.datetime | None):
        watermark (datetime.datetime | None): It learns from what happened and was received before.
        models (list[str]):
        seed (int):
        attempts (int): How many processes have taken it: more than one where some were killed.
        reasons (list[str]):
        progress (float): Share of the steps that are done.
        steps (list[StepBody]):
        versions (list[VersionBody]): Empty until they are registered.
        log (list[RunDetailLogItem]): The last lines; empty where the log is on another machine.
    """

    run_id: str
    market: str
    state: RunDetailState | str
    requested_by: str
    requested_at: datetime.datetime
    started_at: datetime.datetime | None
    finished_at: datetime.datetime | None
    watermark: datetime.datetime | None
    models: list[str]
    seed: int
    attempts: int
    reasons: list[str]
    progress: float
    steps: list[StepBody]
    versions: list[VersionBody]
    log: list[RunDetailLogItem]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        run_id = self.run_id

        market = self.market

        state: str
        if isinstance(self.state, str):
            state = self.state
        else:
            state = self.state

        requested_by = self.requested_by

        requested_at = self.requested_at.isoformat()

        started_at: None | str
        if isinstance(self.started_at, datetime.datetime):
            started_at = self.started_at.isoformat()
        else:
            started_at = self.started_at

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        watermark: None | str
        if isinstance(self.watermark, datetime.datetime):
            watermark = self.watermark.isoformat()
        else:
            watermark = self.watermark

        models = self.models

        seed = self.seed

        attempts = self.attempts

        reasons = self.reasons

        progress = self.progress

        steps = []
        for steps_item_data in self.steps:
            steps_item = steps_item_data.to_dict()
            steps.append(steps_item)

        versions = []
        for versions_item_data in self.versions:
            versions_item = versions_item_data.to_dict()
            versions.append(versions_item)

        log = []
        for log_item_data in self.log:
            log_item = log_item_data.to_dict()
            log.append(log_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "run_id": run_id,
                "market": market,
                "state": state,
                "requested_by": requested_by,
                "requested_at": requested_at,
                "started_at": started_at,
                "finished_at": finished_at,
                "watermark": watermark,
                "models": models,
                "seed": seed,
                "attempts": attempts,
                "reasons": reasons,
                "progress": progress,
                "steps": steps,
                "versions": versions,
                "log": log,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.run_detail_log_item import RunDetailLogItem
        from ..models.step_body import StepBody
        from ..models.version_body import VersionBody

        d = dict(src_dict)
        run_id = d.pop("run_id")

        market = d.pop("market")

        def _parse_state(data: object) -> RunDetailState | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                state_type_0 = check_run_detail_state(data)

                return state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(RunDetailState | str, data)

        state = _parse_state(d.pop("state"))

        requested_by = d.pop("requested_by")

        requested_at = datetime.datetime.fromisoformat(d.pop("requested_at"))

        def _parse_started_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                started_at_type_0 = datetime.datetime.fromisoformat(data)

                return started_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        started_at = _parse_started_at(d.pop("started_at"))

        def _parse_finished_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                finished_at_type_0 = datetime.datetime.fromisoformat(data)

                return finished_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        finished_at = _parse_finished_at(d.pop("finished_at"))

        def _parse_watermark(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                watermark_type_0 = datetime.datetime.fromisoformat(data)

                return watermark_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        watermark = _parse_watermark(d.pop("watermark"))

        models = cast(list[str], d.pop("models"))

        seed = d.pop("seed")

        attempts = d.pop("attempts")

        reasons = cast(list[str], d.pop("reasons"))

        progress = d.pop("progress")

        steps = []
        _steps = d.pop("steps")
        for steps_item_data in _steps:
            steps_item = StepBody.from_dict(steps_item_data)

            steps.append(steps_item)

        versions = []
        _versions = d.pop("versions")
        for versions_item_data in _versions:
            versions_item = VersionBody.from_dict(versions_item_data)

            versions.append(versions_item)

        log = []
        _log = d.pop("log")
        for log_item_data in _log:
            log_item = RunDetailLogItem.from_dict(log_item_data)

            log.append(log_item)

        run_detail = cls(
            run_id=run_id,
            market=market,
            state=state,
            requested_by=requested_by,
            requested_at=requested_at,
            started_at=started_at,
            finished_at=finished_at,
            watermark=watermark,
            models=models,
            seed=seed,
            attempts=attempts,
            reasons=reasons,
            progress=progress,
            steps=steps,
            versions=versions,
            log=log,
        )

        run_detail.additional_properties = d
        return run_detail

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
