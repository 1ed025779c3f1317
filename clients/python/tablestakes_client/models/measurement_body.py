from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.measurement_name import MeasurementName, check_measurement_name

if TYPE_CHECKING:
    from ..models.measurement_body_document import MeasurementBodyDocument


T = TypeVar("T", bound="MeasurementBody")


@_attrs_define
class MeasurementBody:
    """A document that was measured beside the serving, with where it comes from; null where none was yet.

    Attributes:
        market (str):
        name (MeasurementName | str):
        measured_at (datetime.datetime | None): Null where nothing was measured yet.
        snapshot (None | str): A hash of the dataset that it was measured on.
        seed (int | None):
        command (str): What measures it anew.
        note (None | str): Where nothing was measured yet: what measures it.
        document (MeasurementBodyDocument | None): As `ladder --json` (under `rungs`) and `audit fairness --json` have
            it.
    """

    market: str
    name: MeasurementName | str
    measured_at: datetime.datetime | None
    snapshot: None | str
    seed: int | None
    command: str
    note: None | str
    document: MeasurementBodyDocument | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.measurement_body_document import MeasurementBodyDocument

        market = self.market

        name: str
        if isinstance(self.name, str):
            name = self.name
        else:
            name = self.name

        measured_at: None | str
        if isinstance(self.measured_at, datetime.datetime):
            measured_at = self.measured_at.isoformat()
        else:
            measured_at = self.measured_at

        snapshot: None | str
        snapshot = self.snapshot

        seed: int | None
        seed = self.seed

        command = self.command

        note: None | str
        note = self.note

        document: dict[str, Any] | None
        if isinstance(self.document, MeasurementBodyDocument):
            document = self.document.to_dict()
        else:
            document = self.document

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "name": name,
                "measured_at": measured_at,
                "snapshot": snapshot,
                "seed": seed,
                "command": command,
                "note": note,
                "document": document,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.measurement_body_document import MeasurementBodyDocument

        d = dict(src_dict)
        market = d.pop("market")

        def _parse_name(data: object) -> MeasurementName | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                name_type_0 = check_measurement_name(data)

                return name_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MeasurementName | str, data)

        name = _parse_name(d.pop("name"))

        def _parse_measured_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                measured_at_type_0 = datetime.datetime.fromisoformat(data)

                return measured_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        measured_at = _parse_measured_at(d.pop("measured_at"))

        def _parse_snapshot(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        snapshot = _parse_snapshot(d.pop("snapshot"))

        def _parse_seed(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        seed = _parse_seed(d.pop("seed"))

        command = d.pop("command")

        def _parse_note(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        note = _parse_note(d.pop("note"))

        def _parse_document(data: object) -> MeasurementBodyDocument | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                document_type_0 = MeasurementBodyDocument.from_dict(data)

                return document_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MeasurementBodyDocument | None, data)

        document = _parse_document(d.pop("document"))

        measurement_body = cls(
            market=market,
            name=name,
            measured_at=measured_at,
            snapshot=snapshot,
            seed=seed,
            command=command,
            note=note,
            document=document,
        )

        measurement_body.additional_properties = d
        return measurement_body

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
