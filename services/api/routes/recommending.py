"""Lists and why they are as they are."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from services.api.asking import ask_for_ranking
from services.api.deadlines import deadline_of
from services.api.dependencies import NotesDep, ServicesDep
from services.api.examples import answers
from services.api.explanation_schemas import Counterfactuals, Explanation
from services.api.hot_path import ROUTE, answer, answered
from services.api.problems import Gone, NotFound
from services.api.schemas import RankingRequest, RecommendationQuery, Recommendations
from services.api.security import READERS_OF_DINERS, require
from services.bootstrap import Services
from services.catalogue.records import Identifier
from services.events.served_lists import ServedList
from services.serving.explain import NotInList
from services.serving.replay import ErasedList, NotReplayable, UnknownList
from services.serving.taken_apart import AVERAGE

router = APIRouter(prefix="/v1", tags=["recommending"], dependencies=[Depends(require(READERS_OF_DINERS))])


@router.get(f"/{ROUTE}", operation_id="getRecommendations", responses=answers(Recommendations, 400, 404, 410, 422, 503))
async def recommendations(
    request: Request, services: ServicesDep, notes: NotesDep, query: Annotated[RecommendationQuery, Query()]
) -> Response:
    """The restaurants to show to a diner, best first.

    An unknown diner gets the cold-start answer. With `personalised=false` no profile is used at all and everybody gets
    the same list. `Server-Timing` tells what each stage took.
    """
    _, body, timing = await answer(services, query, notes, deadline_of(request.scope))
    headers = {"Server-Timing": timing.decode(), "Cache-Control": "no-store"}
    return Response(body, media_type="application/json", headers=headers)


@router.post(
    "/rankings", operation_id="rankCandidates", responses=answers(Recommendations, 400, 404, 410, 413, 422, 503)
)
async def rankings(request: Request, services: ServicesDep, notes: NotesDep, body: RankingRequest) -> Response:
    """Re-rank up to 1,000 restaurants that the client names."""
    ask = await ask_for_ranking(services, body, deadline_of(request.scope))
    _, made, _ = await answered(services, ask, body.explain, notes)
    return Response(made, media_type="application/json")


@router.get("/explanations", operation_id="getExplanation", responses=answers(Explanation, 404, 410, 422, 503))
async def explanations(
    services: ServicesDep,
    request_id: Annotated[Identifier, Query()],
    restaurant_id: Annotated[Identifier, Query()],
    against: Annotated[Identifier | None, Query(description="Another restaurant of the list to compare with.")] = None,
    against_average: Annotated[
        bool, Query(description="Compare with the average candidate of that request, where `against` names no other.")
    ] = False,
) -> Response:
    """Why a restaurant stood where it stood in a list that was served.

    Its ledger is as it was logged; the relevance in it is taken apart with the model, catalogue and diner of then. Gone
    (410) where one of these is not kept any more.
    """
    served = await _served(services, request_id)
    other = AVERAGE if against is None and against_average else against
    try:
        found = await services.in_thread(services.explainer.explained, served, restaurant_id, other)
    except NotInList as error:
        raise NotFound(f"restaurant {str(error)!r} was not in that list") from None
    except (UnknownList, ErasedList, NotReplayable) as error:
        raise Gone(f"the list cannot be explained any more: {error}") from None
    return Response(orjson.dumps(found), media_type="application/json")


@router.get(
    "/explanations/counterfactuals",
    operation_id="getCounterfactuals",
    responses=answers(Counterfactuals, 404, 410, 422, 503),
)
async def counterfactuals(
    services: ServicesDep,
    request_id: Annotated[Identifier, Query()],
    restaurant_id: Annotated[
        Identifier, Query(description="Any restaurant that the market had then, in the list or not.")
    ],
    rank: Annotated[int, Query(ge=1, le=100, description="Where the restaurant would like to stand.")] = 1,
) -> Response:
    """Where a restaurant would have stood, had one thing been otherwise in a list that was served.

    Without payment, without personalisation, without each term of the ledger; without which of the diner's own choices
    another would have been on top; and what the restaurant could have changed to stand at `rank`. Each answer is the
    list made again with the model, policy and live data of then; nothing is trained anew. It takes up to some seconds.
    """
    served = await _served(services, request_id)
    try:
        found = await services.in_thread(services.explainer.counterfactuals, served, restaurant_id, rank)
    except NotInList as error:
        raise NotFound(f"the market had no restaurant {str(error)!r} when that list was made") from None
    except (UnknownList, ErasedList, NotReplayable) as error:
        raise Gone(f"the list cannot be explained any more: {error}") from None
    return Response(orjson.dumps(found, option=orjson.OPT_UTC_Z), media_type="application/json")


async def _served(services: Services, request_id: str) -> ServedList:
    """A list that is on record, written out; raises NotFound."""
    served = await services.in_thread(services.served.get, request_id)
    if served is None:
        raise NotFound(f"no list with the request id {request_id!r} is on record")
    await services.in_thread(services.served.flush)
    return served
