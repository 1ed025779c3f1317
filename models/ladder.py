"""The ladder: every model by its name."""

from typing import Any, Final

from pydantic import ValidationError

from models.base import Model, ModelError
from models.ease import EaseModel
from models.ensemble import EnsembleModel
from models.hybrid import LightFMModel
from models.ials import IalsModel
from models.popular import PopularModel
from models.two_stage import LightFMLambdaMartModel
from models.uniform import RandomModel

LADDER: Final[dict[str, type[Model]]] = {
    "random": RandomModel,
    "popular": PopularModel,
    "lightfm": LightFMModel,
    "ease": EaseModel,
    "ials": IalsModel,
    "lightfm+lambdamart": LightFMLambdaMartModel,
    "ensemble": EnsembleModel,
}


def rung(name: str) -> type[Model]:
    """The model's class; raise ModelError for a name that is not on the ladder."""
    try:
        return LADDER[name]
    except KeyError:
        raise ModelError(f"there is no model {name!r}; the ladder has {', '.join(LADDER)}") from None


def make(name: str, **parameters: Any) -> Model:
    """A new model; raise ModelError for an unknown name or parameter, or a value that the constructor refuses."""
    try:
        return rung(name)(**parameters)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"model {name}: {where}: {first['msg']}") from None
    except TypeError as error:
        raise ModelError(f"model {name}: {error}") from None
