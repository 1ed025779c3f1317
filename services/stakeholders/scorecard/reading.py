"""A window of the running system's tables: sums by diner in the database, and a sample of lists place by place."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
from sqlalchemy import Connection, Select, and_, func, or_, select, tuple_

from data import columns as col
from data.columns import EventType
from services.ads.campaign import MICRO
from services.audit.documents import read_document
from services.database.schema import (
    ad_impressions,
    answer_times,
    audit_trail,
    campaign_accounts,
    campaigns,
    diners,
    events,
    model_versions,
    restaurants,
    served_lists,
    serving_minutes,
    settlements,
)
from services.events.served_lists import ServedList, sample
from services.monitoring.live_sample import events_of, probabilities
from services.releases.states import State
from services.serving.explain import explanation
from services.serving.served_document import organic_ranks, terms_of
from services.stakeholders.scorecard.window import (
    DINER_COLUMNS,
    EXACT,
    FEES,
    LIST,
    LISTS,
    ORDERED,
    ORDERS,
    ORGANIC_RANK,
    PROBABILITY,
    RETURNS_WITHIN,
    SOLD,
    SOLD_WORTH,
    VIEWED,
    Answers,
    Changes,
    Doubles,
    Money,
    Window,
)

SAMPLED_LISTS: Final = 2_000
"""Of a window, evenly spread over it: what takes the places themselves is computed from these."""
_EXPLAINED: Final = 30
_SHOWN_STATES: Final = frozenset({State.CANARY, State.CHAMPION})
_RELEASES: Final = tuple(f"release.{move}" for move in ("register", "promote", "canary", "rollback"))


@dataclass(frozen=True)
class Span:
    """A market's [since, until); `since` is at a whole hour."""

    market: str
    since: datetime
    until: datetime


def read_window(
    connection: Connection,
    span: Span,
    *,
    examination: Doubles | None = None,
    champion: str | None = None,
    money_off: str | None = None,
    budget_left: float | None = None,
) -> Window:
    """All that the numbers need of a market's tables.

    Where no `champion` is named it is the version with the most lists.
    """
    market, since, until = span.market, span.since, span.until
    _, lists = sample(connection, market, since, until, SAMPLED_LISTS)
    documents = [read_document(one.document) for one in lists]
    places = _places(lists, documents, events_of(connection, market, lists, since, until))
    if champion is None and lists:
        versions, counts = np.unique([one.model_version for one in lists], return_counts=True)
        champion = str(versions[counts.argmax()])
    model, metrics = _model_card(connection, market, champion)
    count = select(func.count()).where(diners.c.market == market)
    return Window(
        market=market,
        since=since,
        until=until,
        began=connection.execute(select(func.min(served_lists.c.at)).where(served_lists.c.market == market)).scalar(),
        diners=_by_diner(connection, span),
        known_diners=connection.execute(count).scalar_one(),
        places=places,
        restaurants=_catalogue(connection, market),
        returned=_returned(connection, span),
        examination=examination,
        evaluation=_evaluation(model, metrics),
        fidelity=_fidelity(metrics),
        answers=_answers(connection, span, budget_left),
        changes=_changes(connection, span),
        money=_money(connection, span, money_off),
        explaining_us=_explaining(lists, documents),
    )


# -- sums by diner


def _by_diner(connection: Connection, span: Span) -> pd.DataFrame:
    shown, paid = served_lists.c, settlements.c
    listed = _sums(select(shown.user_id, func.count()), shown, span)
    charged = _sums(select(func.coalesce(paid.user_id, ""), func.sum(paid.amount)), paid, span)
    event, sold = events.c, ad_impressions.c
    ordered = _standing(_sums(select(event.user_id, func.count()), event, span), span)
    worth = _standing(_sums(select(event.user_id, func.sum(event.value)), event, span), span)
    # An order of a log from before the system ran names a list that is not among the served ones.
    named = and_(shown.market == event.market, shown.request_id == event.request_id)
    place = and_(
        sold.market == event.market,
        sold.user_id == event.user_id,
        sold.restaurant_id == event.restaurant_id,
        sold.request_id == event.request_id,
    )
    found = {
        LISTS: listed,
        ORDERS: ordered.select_from(events).join(served_lists, named),
        FEES: charged,
        SOLD_WORTH: worth.select_from(events).join(ad_impressions, place),
    }
    columns = {
        name: pd.Series({row[0]: row[1] for row in connection.execute(found[name])}, dtype=np.float64)
        for name in DINER_COLUMNS
    }
    everyone = sorted(set().union(*(column.index for column in columns.values())))
    frame = pd.DataFrame({name: column.reindex(everyone, fill_value=0.0) for name, column in columns.items()})
    frame[FEES] /= MICRO
    return frame


def _sums(statement: Select[Any], table: Any, span: Span) -> Select[Any]:
    within = (table.market == span.market, table.at >= span.since, table.at < span.until)
    return statement.where(*within).group_by(statement.selected_columns[0])


def _standing(statement: Select[Any], span: Span) -> Select[Any]:
    """Orders that were not cancelled."""
    event, cancel = events.c, events.alias("cancel").c
    cancelled = select(cancel.user_id, cancel.order_id).where(
        cancel.market == span.market,
        cancel.at >= span.since - timedelta(days=1),  # a client's clock may be slow
        cancel.type == EventType.ORDER_CANCELLED,
        cancel.order_id.is_not(None),
    )
    stands = or_(event.order_id.is_(None), tuple_(event.user_id, event.order_id).not_in(cancelled))
    return statement.where(event.type == EventType.ORDER, stands)


def _returned(connection: Connection, span: Span) -> npt.NDArray[np.bool_]:
    shown = served_lists.c
    begin, end = span.since - RETURNS_WITHIN, span.until - RETURNS_WITHIN
    mine = shown.market == span.market
    last = (
        select(shown.user_id, func.max(shown.at).label("last"))
        .where(mine, shown.at >= begin, shown.at < end)
        .group_by(shown.user_id)
    )
    after = (
        select(shown.user_id, func.min(shown.at).label("next"))
        .where(mine, shown.at >= end, shown.at < span.until)
        .group_by(shown.user_id)
    )
    following = {row[0]: row[1] for row in connection.execute(after)}
    back = [
        row[0] in following and following[row[0]] - row[1] <= RETURNS_WITHIN
        for row in connection.execute(last.order_by(shown.user_id))
    ]
    return np.asarray(back, np.bool_)


# -- places


def _places(lists: Sequence[ServedList], documents: Sequence[dict[str, Any]], happened: pd.DataFrame) -> pd.DataFrame:
    sizes = np.asarray([len(document["restaurant_ids"]) for document in documents], np.int64)
    number = np.repeat(np.arange(len(lists)), sizes)
    sold = [{place["rank"] for place in document.get("ads", {}).get("sold", ())} for document in documents]
    frame = pd.DataFrame(
        {
            LIST: number,
            col.USER_ID: np.asarray([one.user_id for one in lists], object)[number],
            col.RESTAURANT_ID: [name for document in documents for name in document["restaurant_ids"]],
            col.POSITION: np.concatenate([np.arange(1, size + 1) for size in sizes] or [np.empty(0, np.int64)]),
            ORGANIC_RANK: [rank for document in documents for rank in organic_ranks(document)],
            SOLD: [rank in ranks for ranks, size in zip(sold, sizes, strict=True) for rank in range(1, size + 1)],
            PROBABILITY: np.concatenate([probabilities(document) for document in documents] or [np.empty(0)]),
            EXACT: np.concatenate([explained_exactly(document) for document in documents] or [np.empty(0)]),
        }
    ).astype({SOLD: np.bool_, ORGANIC_RANK: np.int64})
    keys = pd.MultiIndex.from_arrays(
        [np.asarray([one.request_id for one in lists], object)[number], frame[col.RESTAURANT_ID]]
    )

    def did(*kinds: EventType) -> npt.NDArray[np.bool_]:
        chosen = happened.loc[happened[col.TYPE].isin(kinds), [col.REQUEST_ID, col.RESTAURANT_ID]]
        return np.asarray(keys.isin(pd.MultiIndex.from_frame(chosen)))

    # Who ordered or clicked has seen it, whatever the client said.
    frame[VIEWED] = did(EventType.IMPRESSION, EventType.CLICK, EventType.ORDER).astype(np.float64)
    frame[ORDERED] = did(EventType.ORDER)
    return frame


def explained_exactly(document: Mapping[str, Any]) -> Doubles:
    """(shown,) 1 where an item's ledger explains its place without a rest, else 0; NaN where the record does not say.

    Its terms are finite, added up they put the list (without payment) into the very order that it had, and the model's
    terms among them are taken apart with nothing left but rounding.
    """
    terms = dict(zip(document["term_names"], terms_of(dict(document)), strict=True))
    values = np.zeros(len(document["restaurant_ids"]))
    for name, term in terms.items():
        if name != "payment":
            values = values + np.asarray(term, np.float64)
    whole = np.isfinite(values) & np.isfinite(np.asarray(terms.get("payment", values), np.float64))
    falling = values[np.argsort(organic_ranks(dict(document)), kind="stable")]
    in_order = bool((np.diff(falling) <= 0.0).all())
    if "exact_parts" not in document:
        return np.full(len(values), np.nan)
    return np.asarray(whole & in_order & document["exact_parts"], np.float64)


def _explaining(lists: Sequence[ServedList], documents: Sequence[Mapping[str, Any]]) -> Doubles:
    """(m,) microseconds that the explanation of the first item of some lists takes, from the record as it is stored."""
    step = max(1, len(lists) // _EXPLAINED)
    taken = []
    for one, document in list(zip(lists, documents, strict=True))[::step][:_EXPLAINED]:
        if document["restaurant_ids"]:
            started = time.perf_counter()
            explanation(one, document["restaurant_ids"][0])
            taken.append(1e6 * (time.perf_counter() - started))
    return np.asarray(taken)


def _catalogue(connection: Connection, market: str) -> pd.DataFrame:
    names = (col.RESTAURANT_ID, col.CHAIN, col.DISTRICT, col.OPENED_AT, col.PRICE_LEVEL, col.CUISINES)
    chosen = select(*(restaurants.c[name] for name in names)).where(restaurants.c.market == market)
    rows = connection.execute(chosen.order_by(restaurants.c.restaurant_id)).all()
    return pd.DataFrame(rows, columns=list(names), dtype=object)


# -- counters, releases, money


def _answers(connection: Connection, span: Span, budget_left: float | None) -> Answers:
    minute, first, end = serving_minutes.c, int(span.since.timestamp()), math.ceil(span.until.timestamp())
    within = (minute.market == span.market, minute.minute >= first // 60, minute.minute < -(-end // 60))
    names = ("requests", "errors", "slow", "cpu_micros", "memory_mib")
    by_minute = select(minute.minute, *(func.sum(minute[name]) for name in names)).where(*within)
    rows = connection.execute(by_minute.group_by(minute.minute).order_by(minute.minute)).all()
    frame = pd.DataFrame([[int(value) for value in row] for row in rows], columns=["minute", *names], dtype=np.int64)
    hour = answer_times.c
    timed = select(hour.bucket, func.sum(hour.answers)).where(
        hour.market == span.market, hour.hour >= first // 3600, hour.hour < -(-end // 3600)
    )
    buckets = connection.execute(timed.group_by(hour.bucket).order_by(hour.bucket)).all()
    counted = frame[frame["cpu_micros"] > 0]
    costs = pd.DataFrame(
        {
            "minute": counted["minute"],
            "requests": counted["requests"].astype(np.float64),
            "cpu_ms": counted["cpu_micros"] / 1000.0,
            "memory_mib": counted["memory_mib"].astype(np.float64),
        }
    )
    requests, errors, slow = (int(frame[name].sum()) for name in ("requests", "errors", "slow"))
    histogram = np.asarray([[int(value) for value in row] for row in buckets], np.int64).reshape(-1, 2)
    return Answers(requests, errors, slow, costs, histogram[:, 0], histogram[:, 1], budget_left)


def _changes(connection: Connection, span: Span) -> Changes:
    record = audit_trail.c
    statement = select(record.action, record.subject, record.document).where(
        record.market == span.market, record.at >= span.since, record.at < span.until, record.action.in_(_RELEASES)
    )
    tried: set[str] = set()
    failed: set[str] = set()
    rollbacks = 0
    for action, subject, document in connection.execute(statement):
        after = orjson.loads(document)["after"]
        states = {subject: after["state"]} if action == "release.register" else _states(after)
        taken_back = {version for version, state in states.items() if state == State.ROLLED_BACK}
        if action == "release.rollback":
            rollbacks += 1
            failed |= taken_back
        elif states.get(subject) in _SHOWN_STATES:
            tried.add(subject)
    return Changes(len(tried | failed), len(failed), rollbacks)


def _states(after: Mapping[str, Any]) -> dict[str, str]:
    return {version: entry["state"] for version, entry in after.items()}


def _model_card(connection: Connection, market: str, version: str | None) -> tuple[str, Mapping[str, Any]]:
    """A version's model and what was measured of it; nothing where it is not known."""
    statement = select(model_versions.c.model, model_versions.c.metrics).where(
        model_versions.c.market == market, model_versions.c.version == version
    )
    row = connection.execute(statement).first()
    return ("", {}) if row is None else (row.model, orjson.loads(row.metrics))


def _evaluation(model: str, metrics: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """nDCG@10 on held-out data, beside that of `popular`; None where the metrics do not say."""
    models = metrics.get("models", {})
    found = models.get(model, {}).get("ndcg@10")
    if not _whole(found):
        return None
    popular = models.get("popular", {}).get("ndcg@10")
    note = None if popular is None else f"`popular` has {popular['value']:.3f}"
    return {**found, "n": metrics.get("data", {}).get("diners_measured", 0), "note": note}


def _fidelity(metrics: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The deletion curve's margin over random orders; None where the metrics do not say."""
    pair = (metrics.get("fidelity") or {}).get("pair") or {}
    found = pair.get("margins", {}).get("deletion", {}).get("random")
    return {**found, "n": pair.get("diners", 0)} if _whole(found) else None


def _whole(found: Any) -> bool:
    """Whether this is a number with its interval."""
    return isinstance(found, dict) and None not in (found.get("value"), found.get("low"), found.get("high"))


def _money(connection: Connection, span: Span, off: str | None) -> Money:
    paid, account, campaign = settlements.c, campaign_accounts.c, campaigns.c
    within = (paid.market == span.market, paid.at >= span.since, paid.at < span.until)
    spent = connection.execute(select(func.coalesce(func.sum(paid.amount), 0)).where(*within)).scalar_one()
    all_spent = select(account.campaign_id, account.spent).where(account.market == span.market)
    before = {row[0]: int(row[1]) / MICRO for row in connection.execute(all_spent)}
    by_campaign = select(paid.campaign_id, func.sum(paid.amount)).where(*within).group_by(paid.campaign_id)
    within_it = {row[0]: int(row[1]) / MICRO for row in connection.execute(by_campaign)}
    budgets, campaigns_open = 0.0, 0
    for row in connection.execute(select(campaigns).where(campaign.market == span.market)):
        begin = max(moment for moment in (span.since, row.created_at, row.starts_at) if moment is not None)
        end = min(moment for moment in (span.until, row.closed_at, row.ends_at) if moment is not None)
        # What is for a day may be spent in any part of it.
        days = max(1.0, (end - begin) / timedelta(days=1)) if end > begin else 0.0
        own = within_it.get(row.campaign_id, 0.0)
        left = row.total_budget - before.get(row.campaign_id, 0.0) + own
        could = max(own, min(row.daily_budget * days, left))
        budgets, campaigns_open = budgets + could, campaigns_open + (could > 0.0)
    return Money(int(spent) / MICRO, budgets, campaigns_open, off)
