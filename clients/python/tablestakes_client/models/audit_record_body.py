from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.audit_record_body_document import AuditRecordBodyDocument


T = TypeVar("T", bound="AuditRecordBody")


@_attrs_define
class AuditRecordBody:
    """One use of a lever.

    Attributes:
        seq (int):
        at (datetime.datetime):
        role (str):
        action (str):
        market (None | str):
        subject (str):
        document (AuditRecordBodyDocument): What was there before and after.
        previous (str): The digest of the record before it; 64 zeros for the first.
        digest (str): sha256 over the record and `previous`.
    """

    seq: int
    at: datetime.datetime
    role: str
    action: str
    market: None | str
    subject: str
    document: AuditRecordBodyDocument
    previous: str
    digest: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        seq = self.seq

        at = self.at.isoformat()

        role = self.role

        action = self.action

        market: None | str
        market = self.market

        subject = self.subject

        document = self.document.to_dict()

        previous = self.previous

        digest = self.digest

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "seq": seq,
                "at": at,
                "role": role,
                "action": action,
                "market": market,
                "subject": subject,
                "document": document,
                "previous": previous,
                "digest": digest,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.audit_record_body_document import AuditRecordBodyDocument

        d = dict(src_dict)
        seq = d.pop("seq")

        at = datetime.datetime.fromisoformat(d.pop("at"))

        role = d.pop("role")

        action = d.pop("action")

        def _parse_market(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        market = _parse_market(d.pop("market"))

        subject = d.pop("subject")

        document = AuditRecordBodyDocument.from_dict(d.pop("document"))

        previous = d.pop("previous")

        digest = d.pop("digest")

        audit_record_body = cls(
            seq=seq,
            at=at,
            role=role,
            action=action,
            market=market,
            subject=subject,
            document=document,
            previous=previous,
            digest=digest,
        )

        audit_record_body.additional_properties = d
        return audit_record_body

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
