from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.quality import Quality


T = TypeVar("T", bound="DataFacts")


@_attrs_define
class DataFacts:
    """What it has learnt from. Null: not told.

    Attributes:
        source (None | str | Unset): `synthetic`: an invented city.
        snapshot (None | str | Unset): A hash of the data.
        since (datetime.datetime | None | Unset):
        until (datetime.datetime | None | Unset):
        split (None | str | Unset): How what it was measured on was held out.
        diners (int | None | Unset):
        restaurants (int | None | Unset):
        positives (int | None | Unset): Choices in the log: orders, clicks, good ratings.
        learnt_from (int | None | Unset): Of these, what the measured fit has learnt from.
        tested_on (int | None | Unset):
        diners_measured (int | None | Unset):
        rejected (int | None | Unset): Rows that the import refused; null: nothing was imported.
        assumptions (list[str] | Unset): What the importer had to assume. By default [].
        run (None | str | Unset): The retraining run that made it.
        window_days (int | None | Unset): Days of log that the run took; 0: all.
        quality (list[Quality] | Unset): Empty where no retraining run has looked. By default [].
    """

    source: None | str | Unset = UNSET
    snapshot: None | str | Unset = UNSET
    since: datetime.datetime | None | Unset = UNSET
    until: datetime.datetime | None | Unset = UNSET
    split: None | str | Unset = UNSET
    diners: int | None | Unset = UNSET
    restaurants: int | None | Unset = UNSET
    positives: int | None | Unset = UNSET
    learnt_from: int | None | Unset = UNSET
    tested_on: int | None | Unset = UNSET
    diners_measured: int | None | Unset = UNSET
    rejected: int | None | Unset = UNSET
    assumptions: list[str] | Unset = UNSET
    run: None | str | Unset = UNSET
    window_days: int | None | Unset = UNSET
    quality: list[Quality] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        source: None | str | Unset
        if isinstance(self.source, Unset):
            source = UNSET
        else:
            source = self.source

        snapshot: None | str | Unset
        if isinstance(self.snapshot, Unset):
            snapshot = UNSET
        else:
            snapshot = self.snapshot

        since: None | str | Unset
        if isinstance(self.since, Unset):
            since = UNSET
        elif isinstance(self.since, datetime.datetime):
            since = self.since.isoformat()
        else:
            since = self.since

        until: None | str | Unset
        if isinstance(self.until, Unset):
            until = UNSET
        elif isinstance(self.until, datetime.datetime):
            until = self.until.isoformat()
        else:
            until = self.until

        split: None | str | Unset
        if isinstance(self.split, Unset):
            split = UNSET
        else:
            split = self.split

        diners: int | None | Unset
        if isinstance(self.diners, Unset):
            diners = UNSET
        else:
            diners = self.diners

        restaurants: int | None | Unset
        if isinstance(self.restaurants, Unset):
            restaurants = UNSET
        else:
            restaurants = self.restaurants

        positives: int | None | Unset
        if isinstance(self.positives, Unset):
            positives = UNSET
        else:
            positives = self.positives

        learnt_from: int | None | Unset
        if isinstance(self.learnt_from, Unset):
            learnt_from = UNSET
        else:
            learnt_from = self.learnt_from

        tested_on: int | None | Unset
        if isinstance(self.tested_on, Unset):
            tested_on = UNSET
        else:
            tested_on = self.tested_on

        diners_measured: int | None | Unset
        if isinstance(self.diners_measured, Unset):
            diners_measured = UNSET
        else:
            diners_measured = self.diners_measured

        rejected: int | None | Unset
        if isinstance(self.rejected, Unset):
            rejected = UNSET
        else:
            rejected = self.rejected

        assumptions: list[str] | Unset = UNSET
        if not isinstance(self.assumptions, Unset):
            assumptions = self.assumptions

        run: None | str | Unset
        if isinstance(self.run, Unset):
            run = UNSET
        else:
            run = self.run

        window_days: int | None | Unset
        if isinstance(self.window_days, Unset):
            window_days = UNSET
        else:
            window_days = self.window_days

        quality: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.quality, Unset):
            quality = []
            for quality_item_data in self.quality:
                quality_item = quality_item_data.to_dict()
                quality.append(quality_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if source is not UNSET:
            field_dict["source"] = source
        if snapshot is not UNSET:
            field_dict["snapshot"] = snapshot
        if since is not UNSET:
            field_dict["since"] = since
        if until is not UNSET:
            field_dict["until"] = until
        if split is not UNSET:
            field_dict["split"] = split
        if diners is not UNSET:
            field_dict["diners"] = diners
        if restaurants is not UNSET:
            field_dict["restaurants"] = restaurants
        if positives is not UNSET:
            field_dict["positives"] = positives
        if learnt_from is not UNSET:
            field_dict["learnt_from"] = learnt_from
        if tested_on is not UNSET:
            field_dict["tested_on"] = tested_on
        if diners_measured is not UNSET:
            field_dict["diners_measured"] = diners_measured
        if rejected is not UNSET:
            field_dict["rejected"] = rejected
        if assumptions is not UNSET:
            field_dict["assumptions"] = assumptions
        if run is not UNSET:
            field_dict["run"] = run
        if window_days is not UNSET:
            field_dict["window_days"] = window_days
        if quality is not UNSET:
            field_dict["quality"] = quality

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.quality import Quality

        d = dict(src_dict)

        def _parse_source(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        source = _parse_source(d.pop("source", UNSET))

        def _parse_snapshot(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        snapshot = _parse_snapshot(d.pop("snapshot", UNSET))

        def _parse_since(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                since_type_0 = datetime.datetime.fromisoformat(data)

                return since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        since = _parse_since(d.pop("since", UNSET))

        def _parse_until(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                until_type_0 = datetime.datetime.fromisoformat(data)

                return until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        until = _parse_until(d.pop("until", UNSET))

        def _parse_split(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        split = _parse_split(d.pop("split", UNSET))

        def _parse_diners(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        diners = _parse_diners(d.pop("diners", UNSET))

        def _parse_restaurants(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        restaurants = _parse_restaurants(d.pop("restaurants", UNSET))

        def _parse_positives(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        positives = _parse_positives(d.pop("positives", UNSET))

        def _parse_learnt_from(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        learnt_from = _parse_learnt_from(d.pop("learnt_from", UNSET))

        def _parse_tested_on(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        tested_on = _parse_tested_on(d.pop("tested_on", UNSET))

        def _parse_diners_measured(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        diners_measured = _parse_diners_measured(d.pop("diners_measured", UNSET))

        def _parse_rejected(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        rejected = _parse_rejected(d.pop("rejected", UNSET))

        assumptions = cast(list[str], d.pop("assumptions", UNSET))

        def _parse_run(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        run = _parse_run(d.pop("run", UNSET))

        def _parse_window_days(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        window_days = _parse_window_days(d.pop("window_days", UNSET))

        _quality = d.pop("quality", UNSET)
        quality: list[Quality] | Unset = UNSET
        if _quality is not UNSET:
            quality = []
            for quality_item_data in _quality:
                quality_item = Quality.from_dict(quality_item_data)

                quality.append(quality_item)

        data_facts = cls(
            source=source,
            snapshot=snapshot,
            since=since,
            until=until,
            split=split,
            diners=diners,
            restaurants=restaurants,
            positives=positives,
            learnt_from=learnt_from,
            tested_on=tested_on,
            diners_measured=diners_measured,
            rejected=rejected,
            assumptions=assumptions,
            run=run,
            window_days=window_days,
            quality=quality,
        )

        data_facts.additional_properties = d
        return data_facts

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
