"""The flip test of the search that is served: `GET /v1/search`, asked with one word changed."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from data import columns as col
from data.dataset import Dataset
from models.fairness.flip import words_of
from models.fairness.groups import attributes
from models.fairness.look import one_word_attributes
from models.fairness.search_flip import Found, SearchFlip, queries_about, search_flips, words_to_change
from models.ground import Ground
from models.popular import POPULARITY_HALF_LIFE_DAYS, decayed_counts
from services.catalogue.folding import fold
from services.catalogue.store import CatalogueStore
from services.database.engine import migrate, open_database
from services.serving.search import searched

_MOST: Final = 100
"""That a search may be asked for."""
_CUISINE: Final = "cuisine"


@contextmanager
def catalogue_of(dataset: Dataset, market: str) -> Iterator[CatalogueStore]:
    """A market's restaurants in a database of their own, which goes when it is left."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'catalogue.db'}")
        try:
            migrate(engine)
            store = CatalogueStore(engine)
            store.load(dataset.market(market), dataset.restaurants(market), dataset.diners(market).iloc[:0])
            yield store
        finally:
            engine.dispose()


def flipped_searches(dataset: Dataset, market: str, queries: Sequence[str] | None = None) -> tuple[SearchFlip, ...]:
    """`GET /v1/search` over a dataset's market, asked with one word changed: by protected attribute, by word of the
    profile, by cuisine.

    queries: what people have asked; by default each word alone, and before the commonest words of the restaurants.
    Raises ModelError where the market has no positive feedback to tell popularity from.
    """
    people, places = dataset.diners(market), dataset.restaurants(market)
    ids: list[str] = places[col.RESTAURANT_ID].tolist()
    texts = {
        name: fold(" ".join([title, *cuisines]))
        for name, title, cuisines in zip(ids, places[col.NAME], places[col.CUISINES], strict=True)
    }
    protected = attributes(people[col.PROTECTED])
    profile = words_of(people[col.PROFILE].tolist())
    cuisines = [f"{_CUISINE}={name}" for names in places[col.CUISINES] for name in names]
    words = words_to_change(
        {
            **words_of(people[col.PROTECTED].tolist()),
            **{name: profile[name] for name in one_word_attributes(people[col.PROFILE].tolist())},
            **words_of([cuisines]),
        }
    )
    data = Ground(dataset, market).everything()
    popularity = decayed_counts(data.interactions, len(ids), POPULARITY_HALF_LIFE_DAYS)
    row_of = {name: row for row, name in enumerate(ids)}
    with catalogue_of(dataset, market) as store:

        def search(query: str) -> Found:
            rows = searched(store, market, query, _MOST, row_of, popularity)
            return Found(tuple(ids[row] for row in rows), tuple(popularity[rows].tolist()))

        asked = queries_about(words, texts.values()) if queries is None else queries
        return search_flips(search, asked, words, texts, protected=protected, fold=fold, depth=_MOST)
