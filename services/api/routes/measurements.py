"""What was measured beside the serving: the ladder, the audit of fairness."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.schemas import Body
from services.api.security import READERS, require
from services.catalogue.records import MarketKey
from services.measurements import COMMAND, MeasurementName, kept

router = APIRouter(prefix="/v1/measurements", tags=["cards"], dependencies=[Depends(require(READERS))])

Market = Annotated[MarketKey | None, Query(description="May be left out where there is one market.")]


class MeasurementBody(Body):
    """A document that was measured beside the serving, with where it comes from; null where none was yet."""

    market: str
    name: MeasurementName
    measured_at: datetime | None = Field(description="Null where nothing was measured yet.")
    snapshot: str | None = Field(description="A hash of the dataset that it was measured on.")
    seed: int | None
    command: str = Field(description="What measures it anew.")
    note: str | None = Field(description="Where nothing was measured yet: what measures it.")
    document: dict[str, Any] | None = Field(
        description="As `ladder --json` (under `rungs`) and `audit fairness --json` have it."
    )


@router.get("/{name}", operation_id="getMeasurement", responses=answers(MeasurementBody, 404, 410, 422, 503))
async def measurement(
    services: ServicesDep, name: Annotated[MeasurementName, Path()], market: Market = None
) -> MeasurementBody:
    """The last ladder, or the last audit of fairness, of a market.

    Both train models, so nobody measures them for a request: a command does, and keeps what it found in the home. Until
    then the answer has no document and a note that says so.
    """
    named = market_named(services, market)
    found = await services.in_thread(kept, services.settings.measurements, named, name)
    if found is None:
        note = f"Not measured yet in {named}: `{COMMAND}` measures it, and the demo does after its start."
        nothing = dict.fromkeys(("measured_at", "snapshot", "seed", "document"))
        return MeasurementBody(market=named, name=name, command=COMMAND, note=note, **nothing)
    return MeasurementBody(**found.model_dump(), command=COMMAND, note=None)
