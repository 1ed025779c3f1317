"""Past lists made again, for those who look over everybody's shoulder."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.problems import Gone, NotFound
from services.api.schemas import Body
from services.api.security import AUDITORS, require
from services.catalogue.records import Identifier
from services.serving.replay import ErasedList, NotReplayable, UnknownList

router = APIRouter(prefix="/v1/replays", tags=["audit"], dependencies=[Depends(require(AUDITORS))])


class ReplayBody(Body):
    """A list that was made again."""

    request_id: str
    market: str
    identical: bool = Field(description="Whether the answer is made again to the byte.")
    sealed: bool = Field(description="Whether the record is the one that was sealed when it was written.")
    response: dict[str, Any] = Field(description="The answer as it is made now.")
    differences: list[str] = Field(description="Where the record says otherwise, in words; empty where identical.")


@router.get("/{request_id}", operation_id="replayList", responses=answers(ReplayBody, 404, 410, 422, 503))
async def replay(services: ServicesDep, request_id: Annotated[Identifier, Path()]) -> Response:
    """Make a served list again: the same model, policy, catalogue, campaigns and live data through the same functions.

    The list of a diner who was erased is gone (410); so is one whose model, catalogue or policy is not kept any more.
    """
    await services.in_thread(services.served.flush)
    try:
        made = await services.in_thread(services.replayer.replay, request_id)
    except UnknownList:
        raise NotFound(f"no list with the request id {request_id!r} is on record") from None
    except (ErasedList, NotReplayable) as error:
        raise Gone(str(error)) from None
    document = {
        "request_id": made.request_id,
        "market": made.market,
        "identical": made.identical,
        "sealed": made.sealed,
        "response": orjson.Fragment(made.body),
        "differences": made.differences,
    }
    return Response(orjson.dumps(document), media_type="application/json")
