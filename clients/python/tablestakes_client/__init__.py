"""A typed client of the tablestakes API, made from its OpenAPI by `make client`. Changes by hand are lost."""

from .client import AuthenticatedClient, Client
from .errors import ProblemError
from .retrying import Retrying
from .types import UNSET, Response, Unset

__all__ = (
    "UNSET",
    "AuthenticatedClient",
    "Client",
    "ProblemError",
    "Response",
    "Retrying",
    "Unset",
)
