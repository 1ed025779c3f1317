"""Explanations of past lists, whole: the ledger as it was logged, and all that is found by making the list again."""

from typing import Any

from services.audit.documents import read_document
from services.catalogue.store import CatalogueStore
from services.events.served_lists import ServedList
from services.serving.counterfactuals import positions
from services.serving.explain import NotInList, explanation
from services.serving.in_words import contrast_in_words, weighed_reasons
from services.serving.own_actions import own_actions
from services.serving.replay import Replayer
from services.serving.restaurant_changes import to_reach
from services.serving.taken_apart import Against, taken_apart


class Explainer:
    """Explains lists that are on record. Methods block; they raise what `Replayer.replay` raises."""

    def __init__(self, replayer: Replayer, catalogue: CatalogueStore) -> None:
        self._replayer = replayer
        self._catalogue = catalogue

    def explained(self, served: ServedList, restaurant_id: str, against: Against | None) -> dict[str, Any]:
        """An entry of a list; the fields are those of `api.schemas.Explanation`. Raises NotInList.

        against: what to compare it with, if anything.
        """
        ledger = explanation(served, restaurant_id)
        answer = self._replayer.replay(served.request_id).answer
        profile = self._catalogue.diner(served.market, served.user_id)
        found = taken_apart(answer, read_document(served.document), restaurant_id, profile, against)
        if found["contrast"] is not None:
            words = contrast_in_words(answer, restaurant_id, against) if isinstance(against, str) else []
            found["contrast"]["words"] = words
        return {**ledger, "reasons": weighed_reasons(answer, restaurant_id), **found}

    def counterfactuals(self, served: ServedList, restaurant_id: str, rank: int) -> dict[str, Any]:
        """What would have been; the fields are those of `api.schemas.Counterfactuals`.

        The restaurant need not have been in the list. Raises NotInList where the market had no such restaurant.
        """
        answer = self._replayer.replay(served.request_id).answer
        if restaurant_id not in answer.ask.snapshot.catalogue.row_of:
            raise NotInList(restaurant_id)
        return {
            "request_id": served.request_id,
            "restaurant_id": restaurant_id,
            **positions(answer, restaurant_id),
            "own_actions": own_actions(answer),
            "to_reach": to_reach(answer, restaurant_id, rank),
        }
