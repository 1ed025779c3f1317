"""Bodies of the routes of sign-offs and of differences between policies."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from services.api.schemas import Body
from services.stakeholders.differences import Difference
from services.stakeholders.sign_offs import SignOffs

Why = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$", description="For the audit trail.")]
VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class SignOffWrite(Body):
    """A seat's consent; the key says which seat."""

    version: VersionNumber = Field(description="The version that you have read: a signature is for no other.")
    reason: Why


class SignatureBody(Body):
    """A signature."""

    seat: str
    at: datetime
    reason: str


class SignOffBody(Body):
    """How far a version of a policy is signed."""

    market: str
    name: str
    version: int = Field(ge=1)
    signed: list[SignatureBody] = Field(description="In the order in which they were given.")
    missing: list[str] = Field(description="Seats that have to sign yet; empty: the version may be activated.")
    active: bool = Field(description="Whether this version makes the market's lists.")
    held_back: str | None = Field(
        description="Why the last signature did not activate the version; activate it when that is over."
    )

    @classmethod
    def of(cls, state: SignOffs) -> Self:
        """From what the store keeps."""
        return cls.model_validate(state, from_attributes=True)


class DifferenceBody(Body):
    """A dial that is set otherwise."""

    dial: str = Field(examples=["ads.money"])
    before: Any = Field(description="A number or a text.")
    after: Any = Field(description="A number or a text.")
    text: str = Field(description="The same in words, with units.")


class DifferencePage(Body):
    """What sets two versions of a policy apart."""

    market: str
    name: str
    before: int = Field(ge=1, description="Version.")
    after: int = Field(ge=1, description="Version.")
    items: list[DifferenceBody] = Field(description="In the order of the document; empty: nothing.")

    @classmethod
    def of(cls, market: str, name: str, before: int, after: int, found: list[Difference]) -> Self:
        """From what `services.stakeholders.differences` finds."""
        items = [DifferenceBody.model_validate(each, from_attributes=True) for each in found]
        return cls(market=market, name=name, before=before, after=after, items=items)
