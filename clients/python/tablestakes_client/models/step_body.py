from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.step_body_state import StepBodyState, check_step_body_state

if TYPE_CHECKING:
    from ..models.step_body_document import StepBodyDocument


T = TypeVar("T", bound="StepBody")


@_attrs_define
class StepBody:
    """A step of a run.

    Attributes:
        step (str):
        state (StepBodyState | str):
        started_at (datetime.datetime | None):
        finished_at (datetime.datetime | None):
        document (None | StepBodyDocument): What it found; its form is that of the step.
    """

    step: str
    state: StepBodyState | str
    started_at: datetime.datetime | None
    finished_at: datetime.datetime | None
    document: None | StepBodyDocument
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.step_body_document import StepBodyDocument

        step = self.step

        state: str
        if isinstance(self.state, str):
            state = self.state
        else:
            state = self.state

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

        document: dict[str, Any] | None
        if isinstance(self.document, StepBodyDocument):
            document = self.document.to_dict()
        else:
            document = self.document

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "step": step,
                "state": state,
                "started_at": started_at,
                "finished_at": finished_at,
                "document": document,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.step_body_document import StepBodyDocument

        d = dict(src_dict)
        step = d.pop("step")

        def _parse_state(data: object) -> StepBodyState | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                state_type_0 = check_step_body_state(data)

                return state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(StepBodyState | str, data)

        state = _parse_state(d.pop("state"))

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

        def _parse_document(data: object) -> None | StepBodyDocument:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                document_type_0 = StepBodyDocument.from_dict(data)

                return document_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | StepBodyDocument, data)

        document = _parse_document(d.pop("document"))

        step_body = cls(
            step=step,
            state=state,
            started_at=started_at,
            finished_at=finished_at,
            document=document,
        )

        step_body.additional_properties = d
        return step_body

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
