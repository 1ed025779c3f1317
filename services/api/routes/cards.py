"""Model cards, and how restaurants are ranked: for auditors, for diners and for restaurants."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from models.cards.forms import Form
from models.cards.model_card import ModelCard
from models.cards.model_page import model_page
from models.cards.page import Page
from models.cards.render import content_security_policy, written
from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.forms import FormQuery, answered, document_answers, form_of, page_headers
from services.api.problems import NotFound
from services.api.security import ANYONE_WITH_A_KEY, READERS, require
from services.bootstrap import Services
from services.cards.ranking_page import ranking_page
from services.cards.ranking_policy import RankingPolicy
from services.cards.store import CardError
from services.catalogue.records import MarketKey

router = APIRouter(prefix="/v1", tags=["cards"])

Market = Annotated[MarketKey | None, Query(description="May be left out where there is one market.")]
Version = Annotated[
    str | None,
    Query(
        pattern=r"^[a-z0-9+ -]{1,80}$",
        description="By default the market's champion. A `+` that arrives as a blank is read as `+`.",
    ),
]


@router.get(
    "/model-card",
    operation_id="getModelCard",
    dependencies=[Depends(require(READERS))],
    responses=document_answers(ModelCard, 404, 410, 422, 503),
    response_model=None,
)
async def get_model_card(
    services: ServicesDep, request: Request, market: Market = None, version: Version = None, form: FormQuery = None
) -> Response:
    """What a version is, what it has learnt from, how well it does overall and by group, and what it does not know.

    As JSON, Markdown or a page of HTML that needs nothing else. A part that was not measured is null, and
    `not_measured` says why. `changes` compares with the last champion before it. Without a market it is found by the
    version.
    """
    named = None if version is None else version.replace(" ", "+")
    try:
        if market is None and named is not None:
            market = await services.in_thread(services.cards.market_of, named)
        chosen = market_named(services, market)
        card = await services.in_thread(services.cards.model_card, chosen, named)
    except CardError as error:
        raise NotFound(str(error)) from None
    return await _answer(services, request, form, card, lambda: model_page(card))


@router.get(
    "/ranking-policy",
    operation_id="getRankingPolicy",
    dependencies=[Depends(require(ANYONE_WITH_A_KEY))],
    responses=document_answers(RankingPolicy, 404, 410, 422, 503),
    response_model=None,
)
async def get_ranking_policy(
    services: ServicesDep, request: Request, market: Market = None, form: FormQuery = None
) -> Response:
    """What decides the order of the restaurants now, in plain words, with the share of each parameter as measured.

    Made from the policy that makes the lists and from lists that were served: main parameters, payment, how to switch
    personalisation off, chance, what is not used, who signed it, what changed. What is measured is at most some minutes
    old; a change of policy shows at once.
    """
    named = market_named(services, market)
    try:
        ranking = await services.in_thread(services.cards.ranking_policy, named)
    except CardError as error:
        raise NotFound(str(error)) from None
    return await _answer(services, request, form, ranking, lambda: ranking_page(ranking))


async def _answer(
    services: Services, request: Request, form: Form | None, document: BaseModel, page: Callable[[], Page]
) -> Response:
    wanted = form_of(form, request.headers.get("accept", ""))

    body = await services.in_thread(written, document, page, wanted)
    headers = page_headers(content_security_policy()) if wanted is Form.HTML else {}
    return answered(request, wanted, body, **headers)
