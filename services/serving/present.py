"""An answer as the document that the client gets."""

from typing import Any

import orjson

from services.ranking.auction import ShownList
from services.serving.ledger import term_names, term_rows
from services.serving.reasons import MOST, reasons
from services.serving.recommender import DEGRADED, Answer
from services.serving.replay_inputs import Explain
from services.stakeholders.policy import Policy


def body(answer: Answer, explain: Explain) -> bytes:
    """The JSON that the client gets."""
    return orjson.dumps(document(answer, explain), option=orjson.OPT_UTC_Z)


def document(answer: Answer, explain: Explain) -> dict[str, Any]:
    """The body of a list of recommendations, ready for JSON; the fields are those of `api.schemas.Recommendations`."""
    ask, snapshot = answer.ask, answer.ask.snapshot
    return {
        "request_id": answer.request_id,
        "user_id": ask.user_id,
        "market": snapshot.info.market,
        "as_of": answer.at,
        "policy": {"name": ask.policy.name, "version": str(ask.policy.version)},
        "model": {"name": snapshot.artifact.manifest.model, "version": snapshot.artifact.version},
        "degraded": [{"code": code, "text": DEGRADED[code]} for code in answer.degraded],
        "items": _items(answer, explain),
    }


def _items(answer: Answer, explain: Explain) -> list[dict[str, Any]]:
    snapshot, live, shown = answer.ask.snapshot, answer.ask.live, answer.shown
    same = live.catalogue_version == snapshot.catalogue_version
    open_now = live.open_now[shown.rows].tolist() if same else [True] * len(shown.rows)
    eta = live.eta_minutes[shown.rows].tolist() if same else [None] * len(shown.rows)
    why = reasons(answer) if explain != "none" and "reasons-skipped" not in answer.ask.skipped else None
    items = []
    for index, (row, score, distance) in enumerate(
        zip(shown.rows.tolist(), shown.scores.tolist(), shown.distances_km.tolist(), strict=True)
    ):
        item = snapshot.cards[row].copy()
        item["rank"] = index + 1
        item["organic_rank"] = shown.organic_ranks[index]
        item["score"] = score
        item["open_now"] = open_now[index]
        item["eta_minutes"] = eta[index]
        if distance == distance:  # not NaN
            item["distance_km"] = round(distance, 3)
        if why is not None:
            item["reasons"] = why[index]
        if explain == "full":
            item["explanation"] = _terms(answer.ask.policy, shown, index)
        items.append(item)
    for index, campaign in shown.sponsors.items():
        _label(items[index], snapshot.book.campaigns[campaign].payer)
    return items


def _label(item: dict[str, Any], payer: str) -> None:
    """Say that money moved this rank, whether reasons were asked for or not."""
    item["sponsored"] = True
    item["sponsor"] = {"payer": payer, "label": "Sponsored"}
    reason = {
        "code": "sponsored",
        "text": f"{payer} pays for this place; without payment it is number {item['organic_rank']}",
    }
    item["reasons"] = [reason, *item["reasons"]][:MOST]


def _terms(policy: Policy, shown: ShownList, index: int) -> dict[str, Any]:
    values = shown.terms[term_rows(policy), index].tolist()
    return {"terms": [{"name": n, "value": v} for n, v in zip(term_names(policy), values, strict=True)], "exact": True}
