"""The roles of those who call. Six of them are seats at the table."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Whom a key belongs to."""

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


SEATS: Final = (Role.ML, Role.SALES, Role.PRODUCT, Role.INFRA, Role.INTERPRETABILITY, Role.FAIRNESS)
"""The roles that negotiate and sign."""
