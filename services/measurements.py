"""What was measured once and is to be looked at often: documents of the home, by market and by what they measure.

A ladder or an audit takes a minute of training, which no answer waits for. Who measures keeps the document here, the
API shows the last one. Files and no tables: one command makes them again, and nothing refers to them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from services.private_files import write_private


class MeasurementName(StrEnum):
    """What can be kept."""

    LADDER = "ladder"
    """Every rung: accuracy, time of a request, memory, time of the fit, how it is explained."""
    FAIRNESS_AUDIT = "fairness-audit"
    """Flips of one word, proxies, the log's completeness, groups on both sides."""


COMMAND: Final = "tablestakes measure DIR"
"""What measures all of it."""


class Measurement(BaseModel):
    """A document with where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    market: str
    name: MeasurementName
    measured_at: datetime
    snapshot: str
    """Hash of the dataset that was measured on."""
    seed: int
    document: dict[str, Any]


def keep(
    root: Path, market: str, name: MeasurementName, snapshot: str, seed: int, document: Mapping[str, Any]
) -> Measurement:
    """Keep a document in place of the last one, whole or not at all. Raises OSError."""
    made = Measurement(
        market=market,
        name=name,
        measured_at=datetime.now(UTC),
        snapshot=snapshot,
        seed=seed,
        document=dict(document),
    )
    write_private(_file(root, market, name), orjson.dumps(made.model_dump(mode="json"), option=orjson.OPT_INDENT_2))
    return made


def kept(root: Path, market: str, name: MeasurementName) -> Measurement | None:
    """The last one; None where there is none, or where its file is not one of ours."""
    try:
        return Measurement.model_validate_json(_file(root, market, name).read_bytes())
    except (OSError, ValidationError):
        return None


def _file(root: Path, market: str, name: MeasurementName) -> Path:
    return root / market / f"{name}.json"
