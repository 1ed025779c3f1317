"""An answer as the document that the client gets.

The document is written piece by piece, not dumped from objects: of an entry only rank, score, place and the like are of
this answer, all else is a restaurant's, and has been text since its snapshot was built.
"""

from typing import Any

import numpy as np
import orjson

from services.ranking.auction import ShownList
from services.serving._entries import numbers, written
from services.serving.ledger import term_names, term_rows
from services.serving.recommender import DEGRADED, Answer
from services.serving.replay_inputs import Explain
from services.serving.spoken import SUBJECTS
from services.serving.told import NOTHING, told
from services.stakeholders.policy import Policy


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
    shown, live = answer.shown, ask.live
    rows, policy = shown.rows, ask.policy
    same = live.catalogue_version == snapshot.catalogue_version
    figures = np.empty(3 * len(rows))
    numbers(rows, shown.scores, shown.distances_km, live.eta_minutes if same else None, figures)
    said = told(answer) if explain != "none" and "reasons-skipped" not in ask.skipped else NOTHING
    return written(
        orjson.dumps(head, option=orjson.OPT_UTC_Z)[:-1],
        orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY),
        snapshot.cards,
        shown.organic_ranks,
        _paid(answer) if shown.sponsors else {},
        [_json(_terms(policy, shown, index)) for index in range(len(rows))] if explain == "full" else None,
        rows,
        live.open_now if same else None,
        shown.distances_km,
        said.numbers,
        len(SUBJECTS),
        said.always,
        said.to_you,
        said.to_all,
        said.own,
    )


def _paid(answer: Answer) -> dict[int, tuple[bytes, bytes]]:
    """By place in the list, from 0: its sponsor, and what is told of that.

    It is said whether reasons were asked for or not: money moved this rank.
    """
    shown, campaigns = answer.shown, answer.ask.snapshot.book.campaigns
    found = {}
    for index, campaign in shown.sponsors.items():
        payer, rank = campaigns[campaign].payer, shown.organic_ranks[index]
        text = f"{payer} pays for this place; without payment it is number {rank}"
        sponsor = _json({"payer": payer, "label": "Sponsored"})
        found[index] = sponsor, _json({"code": "sponsored", "text": text})
    return found


def _json(value: Any) -> bytes:
    return orjson.dumps(value)


def _terms(policy: Policy, shown: ShownList, index: int) -> dict[str, Any]:
    values = shown.terms[term_rows(policy), index].tolist()
    return {"terms": [{"name": n, "value": v} for n, v in zip(term_names(policy), values, strict=True)], "exact": True}
