"""An answer as the document that the client gets.

The document is written piece by piece, not dumped from objects: of an entry only rank, score, place and the like are of
this answer, all else is a restaurant's, and has been text since its snapshot was built.
"""

from typing import Any, Final

import numpy as np
import orjson

from services.ranking.auction import ShownList
from services.serving.ledger import term_names, term_rows
from services.serving.reasons import MOST, Note, reasons
from services.serving.recommender import DEGRADED, Answer
from services.serving.replay_inputs import Explain
from services.stakeholders.policy import Policy

_YES_NO: Final = ("false", "true")


def body(answer: Answer, explain: Explain) -> bytes:
    """The JSON that the client gets: the fields are those of `api.schemas.Recommendations`, in their order."""
    ask, snapshot = answer.ask, answer.ask.snapshot
    head = {
        "request_id": answer.request_id,
        "user_id": ask.user_id,
        "market": snapshot.info.market,
        "as_of": answer.at,
        "policy": {"name": ask.policy.name, "version": str(ask.policy.version)},
        "model": {"name": snapshot.artifact.manifest.model, "version": snapshot.artifact.version},
        "degraded": [{"code": code, "text": DEGRADED[code]} for code in answer.degraded],
    }
    opened = orjson.dumps(head, option=orjson.OPT_UTC_Z)[:-1]
    return opened + b',"items":[' + ",".join(_items(answer, explain)).encode() + b"]}"


def _items(answer: Answer, explain: Explain) -> list[str]:
    """The JSON of each entry."""
    snapshot, live, shown = answer.ask.snapshot, answer.ask.live, answer.shown
    rows, count = shown.rows, len(shown.rows)
    same = live.catalogue_version == snapshot.catalogue_version
    open_now = live.open_now[rows].tolist() if same else [True] * count
    eta = _numbers(live.eta_minutes[rows].astype(np.float64)) if same else ["null"] * count
    why = reasons(answer) if explain != "none" and "reasons-skipped" not in answer.ask.skipped else None
    written = ["[]"] * count if why is None else [_text(notes) for notes in why]
    sponsored = ['"sponsored":false,"sponsor":null'] * count
    for index, campaign in shown.sponsors.items():
        payer = snapshot.book.campaigns[campaign].payer
        # Said whether reasons were asked for or not: money moved this rank.
        paid: Note = {
            "code": "sponsored",
            "text": f"{payer} pays for this place; without payment it is number {shown.organic_ranks[index]}",
        }
        written[index] = _text([paid, *([] if why is None else why[index])][:MOST])
        sponsored[index] = f'"sponsored":true,"sponsor":{_text({"payer": payer, "label": "Sponsored"})}'
    policy = answer.ask.policy
    terms = [_text(_terms(policy, shown, index)) if explain == "full" else "null" for index in range(count)]
    cards, scores, distances = snapshot.cards, _numbers(shown.scores), _numbers(np.round(shown.distances_km, 3))
    return [
        f'{{"rank":{index + 1},{cards[row][0]},"score":{scores[index]},"organic_rank":{shown.organic_ranks[index]},'
        f'{sponsored[index]},"reasons":{written[index]},"explanation":{terms[index]},{cards[row][1]},'
        f'"distance_km":{distances[index]},"open_now":{_YES_NO[open_now[index]]},"eta_minutes":{eta[index]}}}'
        for index, row in enumerate(rows.tolist())
    ]


def _numbers(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[str]:
    """JSON of each; null for NaN."""
    text = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY).decode()[1:-1]
    return text.split(",") if text else []


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _terms(policy: Policy, shown: ShownList, index: int) -> dict[str, Any]:
    values = shown.terms[term_rows(policy), index].tolist()
    return {"terms": [{"name": n, "value": v} for n, v in zip(term_names(policy), values, strict=True)], "exact": True}
