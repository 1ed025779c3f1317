from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.figure import Figure


T = TypeVar("T", bound="MainParameter")


@_attrs_define
class MainParameter:
    """A term of the score: what it looks at, and how much it has to say.

    Attributes:
        term (str): Its name in the ledger of an explanation.
        title (str):
        words (str):
        used (bool): Whether the policy and the model that serve make use of it now.
        share (Figure | None): Its mean absolute contribution, as a share of all terms', on the scale of the score.
            Null: `why`.
        ledger_share (Figure | None): The same of the raw terms, in the ledger's own units.
        why (None | str): Why there is no share.
    """

    term: str
    title: str
    words: str
    used: bool
    share: Figure | None
    ledger_share: Figure | None
    why: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.figure import Figure

        term = self.term

        title = self.title

        words = self.words

        used = self.used

        share: dict[str, Any] | None
        if isinstance(self.share, Figure):
            share = self.share.to_dict()
        else:
            share = self.share

        ledger_share: dict[str, Any] | None
        if isinstance(self.ledger_share, Figure):
            ledger_share = self.ledger_share.to_dict()
        else:
            ledger_share = self.ledger_share

        why: None | str
        why = self.why

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "term": term,
                "title": title,
                "words": words,
                "used": used,
                "share": share,
                "ledger_share": ledger_share,
                "why": why,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.figure import Figure

        d = dict(src_dict)
        term = d.pop("term")

        title = d.pop("title")

        words = d.pop("words")

        used = d.pop("used")

        def _parse_share(data: object) -> Figure | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                share_type_0 = Figure.from_dict(data)

                return share_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Figure | None, data)

        share = _parse_share(d.pop("share"))

        def _parse_ledger_share(data: object) -> Figure | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                ledger_share_type_0 = Figure.from_dict(data)

                return ledger_share_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Figure | None, data)

        ledger_share = _parse_ledger_share(d.pop("ledger_share"))

        def _parse_why(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        why = _parse_why(d.pop("why"))

        main_parameter = cls(
            term=term,
            title=title,
            words=words,
            used=used,
            share=share,
            ledger_share=ledger_share,
            why=why,
        )

        main_parameter.additional_properties = d
        return main_parameter

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
