"""What a search finds: names and cuisines in the database, the most popular first."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from services.catalogue.store import CatalogueStore


def searched(
    catalogue: CatalogueStore,
    market: str,
    q: str,
    limit: int,
    row_of: Mapping[str, int],
    popularity: npt.NDArray[np.floating],
) -> list[int]:
    """Rows of the restaurants whose name or cuisines have all the words, the most popular first; `limit` at most.

    row_of, popularity (n,): of the catalogue that is served; what is not in it yet is not found. Raises
    StorageUnavailable where the database is away.
    """
    found = catalogue.search(market, q, limit)
    rows = [row for item in found if (row := row_of.get(item.restaurant_id)) is not None]
    rows.sort(key=lambda row: -popularity[row])
    return rows
