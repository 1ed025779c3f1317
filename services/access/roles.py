"""The roles of those who call: three that are no seats, and one for each seat that signs."""

from enum import StrEnum
from typing import Final

from services.stakeholders.seats import signing


class Role(StrEnum):
    """Whom a key belongs to.

    Those that rights name stand here, so that a typing error in a name is found before it is served. Any further seat
    of the registry gets its role by itself, with what all seats may do.
    """

    _ignore_ = ["members", "seat"]  # noqa: RUF012 - the form that Enum asks for

    APP = "app"
    """A diner-facing application's server."""
    ML = "ml"
    SALES = "sales"
    PRODUCT = "product"
    INFRA = "infra"
    INTERPRETABILITY = "interpretability"
    FAIRNESS = "fairness"
    AUDITOR = "auditor"
    """Reads all, changes nothing."""
    ADMIN = "admin"
    """Sets up."""

    members = vars()
    for seat in signing():
        if seat.name.upper() not in members:
            members[seat.name.upper()] = seat.name


SEATS: Final = tuple(Role(seat.name) for seat in signing())
"""The roles that negotiate and sign, in the registry's order."""
