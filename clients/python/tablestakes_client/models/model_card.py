from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.accuracy import Accuracy
    from ..models.calibration_facts import CalibrationFacts
    from ..models.changes import Changes
    from ..models.check_outcome import CheckOutcome
    from ..models.data_facts import DataFacts
    from ..models.details import Details
    from ..models.embedding_plane import EmbeddingPlane
    from ..models.fairness import Fairness
    from ..models.feature_importance import FeatureImportance
    from ..models.fidelity import Fidelity
    from ..models.group_figure import GroupFigure
    from ..models.interaction import Interaction
    from ..models.model_card_not_measured import ModelCardNotMeasured
    from ..models.over_indexing import OverIndexing
    from ..models.slice_regression import SliceRegression
    from ..models.standing import Standing
    from ..models.worst_slice import WorstSlice


T = TypeVar("T", bound="ModelCard")


@_attrs_define
class ModelCard:
    """A version of a model: what it is, how well it does, where it does not. Intervals are 95 %.

    Attributes:
        market (str):
        market_title (str):
        version (str):
        model (str):
        summary (str):
        created_at (datetime.datetime):
        standing (Standing): What the version is in its market.
        details (Details): What the version was made with.
        data (DataFacts): What it has learnt from. Null: not told.
        accuracy (Accuracy): Figures on data that it had not seen when it was measured.
        groups (list[GroupFigure] | None): nDCG@10 by group of diners.
        calibration (CalibrationFacts | None):
        behaviour (list[CheckOutcome] | None):
        importance (list[FeatureImportance] | None): The largest first.
        over_indexing (list[OverIndexing] | None):
        worst_slices (list[WorstSlice] | None):
        slice_loss (None | str): What the losses of `worst_slices` are.
        slice_regressions (list[SliceRegression] | None): Where it was worse than the champion of then, on the same
            cases; null: they were not compared.
        exact (bool | None): Whether its scores are taken apart with nothing left but rounding; null: its files are
            gone.
        fidelity (Fidelity | None):
        fairness (Fairness | None):
        limits (list[str]): What it does not know and where it is weak, each said from its figures.
        changes (Changes | None): Null: there is no version before it.
        not_measured (ModelCardNotMeasured): Why a part is null, by the part's name: not measured, or kept in a shape
            that is not known.
        interactions (list[Interaction] | Unset): The largest; kept with the importance. By default [].
        embedding_map (EmbeddingPlane | None | Unset): Who is like whom; kept with the importance. Null: it tells no
            cuisines apart.
    """

    market: str
    market_title: str
    version: str
    model: str
    summary: str
    created_at: datetime.datetime
    standing: Standing
    details: Details
    data: DataFacts
    accuracy: Accuracy
    groups: list[GroupFigure] | None
    calibration: CalibrationFacts | None
    behaviour: list[CheckOutcome] | None
    importance: list[FeatureImportance] | None
    over_indexing: list[OverIndexing] | None
    worst_slices: list[WorstSlice] | None
    slice_loss: None | str
    slice_regressions: list[SliceRegression] | None
    exact: bool | None
    fidelity: Fidelity | None
    fairness: Fairness | None
    limits: list[str]
    changes: Changes | None
    not_measured: ModelCardNotMeasured
    interactions: list[Interaction] | Unset = UNSET
    embedding_map: EmbeddingPlane | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.calibration_facts import CalibrationFacts
        from ..models.changes import Changes
        from ..models.embedding_plane import EmbeddingPlane
        from ..models.fairness import Fairness
        from ..models.fidelity import Fidelity

        market = self.market

        market_title = self.market_title

        version = self.version

        model = self.model

        summary = self.summary

        created_at = self.created_at.isoformat()

        standing = self.standing.to_dict()

        details = self.details.to_dict()

        data = self.data.to_dict()

        accuracy = self.accuracy.to_dict()

        groups: list[dict[str, Any]] | None
        if isinstance(self.groups, list):
            groups = []
            for groups_type_0_item_data in self.groups:
                groups_type_0_item = groups_type_0_item_data.to_dict()
                groups.append(groups_type_0_item)

        else:
            groups = self.groups

        calibration: dict[str, Any] | None
        if isinstance(self.calibration, CalibrationFacts):
            calibration = self.calibration.to_dict()
        else:
            calibration = self.calibration

        behaviour: list[dict[str, Any]] | None
        if isinstance(self.behaviour, list):
            behaviour = []
            for behaviour_type_0_item_data in self.behaviour:
                behaviour_type_0_item = behaviour_type_0_item_data.to_dict()
                behaviour.append(behaviour_type_0_item)

        else:
            behaviour = self.behaviour

        importance: list[dict[str, Any]] | None
        if isinstance(self.importance, list):
            importance = []
            for importance_type_0_item_data in self.importance:
                importance_type_0_item = importance_type_0_item_data.to_dict()
                importance.append(importance_type_0_item)

        else:
            importance = self.importance

        over_indexing: list[dict[str, Any]] | None
        if isinstance(self.over_indexing, list):
            over_indexing = []
            for over_indexing_type_0_item_data in self.over_indexing:
                over_indexing_type_0_item = over_indexing_type_0_item_data.to_dict()
                over_indexing.append(over_indexing_type_0_item)

        else:
            over_indexing = self.over_indexing

        worst_slices: list[dict[str, Any]] | None
        if isinstance(self.worst_slices, list):
            worst_slices = []
            for worst_slices_type_0_item_data in self.worst_slices:
                worst_slices_type_0_item = worst_slices_type_0_item_data.to_dict()
                worst_slices.append(worst_slices_type_0_item)

        else:
            worst_slices = self.worst_slices

        slice_loss: None | str
        slice_loss = self.slice_loss

        slice_regressions: list[dict[str, Any]] | None
        if isinstance(self.slice_regressions, list):
            slice_regressions = []
            for slice_regressions_type_0_item_data in self.slice_regressions:
                slice_regressions_type_0_item = slice_regressions_type_0_item_data.to_dict()
                slice_regressions.append(slice_regressions_type_0_item)

        else:
            slice_regressions = self.slice_regressions

        exact: bool | None
        exact = self.exact

        fidelity: dict[str, Any] | None
        if isinstance(self.fidelity, Fidelity):
            fidelity = self.fidelity.to_dict()
        else:
            fidelity = self.fidelity

        fairness: dict[str, Any] | None
        if isinstance(self.fairness, Fairness):
            fairness = self.fairness.to_dict()
        else:
            fairness = self.fairness

        limits = self.limits

        changes: dict[str, Any] | None
        if isinstance(self.changes, Changes):
            changes = self.changes.to_dict()
        else:
            changes = self.changes

        not_measured = self.not_measured.to_dict()

        interactions: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.interactions, Unset):
            interactions = []
            for interactions_item_data in self.interactions:
                interactions_item = interactions_item_data.to_dict()
                interactions.append(interactions_item)

        embedding_map: dict[str, Any] | None | Unset
        if isinstance(self.embedding_map, Unset):
            embedding_map = UNSET
        elif isinstance(self.embedding_map, EmbeddingPlane):
            embedding_map = self.embedding_map.to_dict()
        else:
            embedding_map = self.embedding_map

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "market_title": market_title,
                "version": version,
                "model": model,
                "summary": summary,
                "created_at": created_at,
                "standing": standing,
                "details": details,
                "data": data,
                "accuracy": accuracy,
                "groups": groups,
                "calibration": calibration,
                "behaviour": behaviour,
                "importance": importance,
                "over_indexing": over_indexing,
                "worst_slices": worst_slices,
                "slice_loss": slice_loss,
                "slice_regressions": slice_regressions,
                "exact": exact,
                "fidelity": fidelity,
                "fairness": fairness,
                "limits": limits,
                "changes": changes,
                "not_measured": not_measured,
            }
        )
        if interactions is not UNSET:
            field_dict["interactions"] = interactions
        if embedding_map is not UNSET:
            field_dict["embedding_map"] = embedding_map

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.accuracy import Accuracy
        from ..models.calibration_facts import CalibrationFacts
        from ..models.changes import Changes
        from ..models.check_outcome import CheckOutcome
        from ..models.data_facts import DataFacts
        from ..models.details import Details
        from ..models.embedding_plane import EmbeddingPlane
        from ..models.fairness import Fairness
        from ..models.feature_importance import FeatureImportance
        from ..models.fidelity import Fidelity
        from ..models.group_figure import GroupFigure
        from ..models.interaction import Interaction
        from ..models.model_card_not_measured import ModelCardNotMeasured
        from ..models.over_indexing import OverIndexing
        from ..models.slice_regression import SliceRegression
        from ..models.standing import Standing
        from ..models.worst_slice import WorstSlice

        d = dict(src_dict)
        market = d.pop("market")

        market_title = d.pop("market_title")

        version = d.pop("version")

        model = d.pop("model")

        summary = d.pop("summary")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        standing = Standing.from_dict(d.pop("standing"))

        details = Details.from_dict(d.pop("details"))

        data = DataFacts.from_dict(d.pop("data"))

        accuracy = Accuracy.from_dict(d.pop("accuracy"))

        def _parse_groups(data: object) -> list[GroupFigure] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                groups_type_0 = []
                _groups_type_0 = data
                for groups_type_0_item_data in _groups_type_0:
                    groups_type_0_item = GroupFigure.from_dict(groups_type_0_item_data)

                    groups_type_0.append(groups_type_0_item)

                return groups_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[GroupFigure] | None, data)

        groups = _parse_groups(d.pop("groups"))

        def _parse_calibration(data: object) -> CalibrationFacts | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                calibration_type_0 = CalibrationFacts.from_dict(data)

                return calibration_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CalibrationFacts | None, data)

        calibration = _parse_calibration(d.pop("calibration"))

        def _parse_behaviour(data: object) -> list[CheckOutcome] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                behaviour_type_0 = []
                _behaviour_type_0 = data
                for behaviour_type_0_item_data in _behaviour_type_0:
                    behaviour_type_0_item = CheckOutcome.from_dict(behaviour_type_0_item_data)

                    behaviour_type_0.append(behaviour_type_0_item)

                return behaviour_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[CheckOutcome] | None, data)

        behaviour = _parse_behaviour(d.pop("behaviour"))

        def _parse_importance(data: object) -> list[FeatureImportance] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                importance_type_0 = []
                _importance_type_0 = data
                for importance_type_0_item_data in _importance_type_0:
                    importance_type_0_item = FeatureImportance.from_dict(importance_type_0_item_data)

                    importance_type_0.append(importance_type_0_item)

                return importance_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[FeatureImportance] | None, data)

        importance = _parse_importance(d.pop("importance"))

        def _parse_over_indexing(data: object) -> list[OverIndexing] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                over_indexing_type_0 = []
                _over_indexing_type_0 = data
                for over_indexing_type_0_item_data in _over_indexing_type_0:
                    over_indexing_type_0_item = OverIndexing.from_dict(over_indexing_type_0_item_data)

                    over_indexing_type_0.append(over_indexing_type_0_item)

                return over_indexing_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[OverIndexing] | None, data)

        over_indexing = _parse_over_indexing(d.pop("over_indexing"))

        def _parse_worst_slices(data: object) -> list[WorstSlice] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                worst_slices_type_0 = []
                _worst_slices_type_0 = data
                for worst_slices_type_0_item_data in _worst_slices_type_0:
                    worst_slices_type_0_item = WorstSlice.from_dict(worst_slices_type_0_item_data)

                    worst_slices_type_0.append(worst_slices_type_0_item)

                return worst_slices_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[WorstSlice] | None, data)

        worst_slices = _parse_worst_slices(d.pop("worst_slices"))

        def _parse_slice_loss(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        slice_loss = _parse_slice_loss(d.pop("slice_loss"))

        def _parse_slice_regressions(data: object) -> list[SliceRegression] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                slice_regressions_type_0 = []
                _slice_regressions_type_0 = data
                for slice_regressions_type_0_item_data in _slice_regressions_type_0:
                    slice_regressions_type_0_item = SliceRegression.from_dict(slice_regressions_type_0_item_data)

                    slice_regressions_type_0.append(slice_regressions_type_0_item)

                return slice_regressions_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[SliceRegression] | None, data)

        slice_regressions = _parse_slice_regressions(d.pop("slice_regressions"))

        def _parse_exact(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        exact = _parse_exact(d.pop("exact"))

        def _parse_fidelity(data: object) -> Fidelity | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                fidelity_type_0 = Fidelity.from_dict(data)

                return fidelity_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Fidelity | None, data)

        fidelity = _parse_fidelity(d.pop("fidelity"))

        def _parse_fairness(data: object) -> Fairness | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                fairness_type_0 = Fairness.from_dict(data)

                return fairness_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Fairness | None, data)

        fairness = _parse_fairness(d.pop("fairness"))

        limits = cast(list[str], d.pop("limits"))

        def _parse_changes(data: object) -> Changes | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                changes_type_0 = Changes.from_dict(data)

                return changes_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Changes | None, data)

        changes = _parse_changes(d.pop("changes"))

        not_measured = ModelCardNotMeasured.from_dict(d.pop("not_measured"))

        _interactions = d.pop("interactions", UNSET)
        interactions: list[Interaction] | Unset = UNSET
        if _interactions is not UNSET:
            interactions = []
            for interactions_item_data in _interactions:
                interactions_item = Interaction.from_dict(interactions_item_data)

                interactions.append(interactions_item)

        def _parse_embedding_map(data: object) -> EmbeddingPlane | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                embedding_map_type_0 = EmbeddingPlane.from_dict(data)

                return embedding_map_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EmbeddingPlane | None | Unset, data)

        embedding_map = _parse_embedding_map(d.pop("embedding_map", UNSET))

        model_card = cls(
            market=market,
            market_title=market_title,
            version=version,
            model=model,
            summary=summary,
            created_at=created_at,
            standing=standing,
            details=details,
            data=data,
            accuracy=accuracy,
            groups=groups,
            calibration=calibration,
            behaviour=behaviour,
            importance=importance,
            over_indexing=over_indexing,
            worst_slices=worst_slices,
            slice_loss=slice_loss,
            slice_regressions=slice_regressions,
            exact=exact,
            fidelity=fidelity,
            fairness=fairness,
            limits=limits,
            changes=changes,
            not_measured=not_measured,
            interactions=interactions,
            embedding_map=embedding_map,
        )

        model_card.additional_properties = d
        return model_card

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
