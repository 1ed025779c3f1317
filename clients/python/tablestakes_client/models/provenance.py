from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.provenance_libraries import ProvenanceLibraries
    from ..models.provenance_machine import ProvenanceMachine
    from ..models.provenance_setting import ProvenanceSetting


T = TypeVar("T", bound="Provenance")


@_attrs_define
class Provenance:
    """What the figures are a function of, and where they were made.

    Attributes:
        made_at (datetime.datetime):
        commit (None | str): Of the source, where it is in a repository; `-dirty` with changes on top.
        code (str): SHA-256 of the source.
        data (str): SHA-256 of what the cities are made from: source, setting and seeds.
        seeds (list[int]):
        setting (ProvenanceSetting):
        machine (ProvenanceMachine):
        python (str):
        libraries (ProvenanceLibraries):
        seconds (float): That it took, on a machine that may have been busy.
        cpu_seconds (float): Of all its processes: what half of it is, is its time on two quiet cores.
    """

    made_at: datetime.datetime
    commit: None | str
    code: str
    data: str
    seeds: list[int]
    setting: ProvenanceSetting
    machine: ProvenanceMachine
    python: str
    libraries: ProvenanceLibraries
    seconds: float
    cpu_seconds: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        made_at = self.made_at.isoformat()

        commit: None | str
        commit = self.commit

        code = self.code

        data = self.data

        seeds = self.seeds

        setting = self.setting.to_dict()

        machine = self.machine.to_dict()

        python = self.python

        libraries = self.libraries.to_dict()

        seconds = self.seconds

        cpu_seconds = self.cpu_seconds

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "made_at": made_at,
                "commit": commit,
                "code": code,
                "data": data,
                "seeds": seeds,
                "setting": setting,
                "machine": machine,
                "python": python,
                "libraries": libraries,
                "seconds": seconds,
                "cpu_seconds": cpu_seconds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.provenance_libraries import ProvenanceLibraries
        from ..models.provenance_machine import ProvenanceMachine
        from ..models.provenance_setting import ProvenanceSetting

        d = dict(src_dict)
        made_at = datetime.datetime.fromisoformat(d.pop("made_at"))

        def _parse_commit(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        commit = _parse_commit(d.pop("commit"))

        code = d.pop("code")

        data = d.pop("data")

        seeds = cast(list[int], d.pop("seeds"))

        setting = ProvenanceSetting.from_dict(d.pop("setting"))

        machine = ProvenanceMachine.from_dict(d.pop("machine"))

        python = d.pop("python")

        libraries = ProvenanceLibraries.from_dict(d.pop("libraries"))

        seconds = d.pop("seconds")

        cpu_seconds = d.pop("cpu_seconds")

        provenance = cls(
            made_at=made_at,
            commit=commit,
            code=code,
            data=data,
            seeds=seeds,
            setting=setting,
            machine=machine,
            python=python,
            libraries=libraries,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
        )

        provenance.additional_properties = d
        return provenance

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
