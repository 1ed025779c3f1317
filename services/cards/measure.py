"""What cards cost and what shares say, in a home: TABLESTAKES_HOME=var/home python -m services.cards.measure."""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Final, TypeVar

from models.cards.figures import with_interval
from models.cards.model_page import model_page
from models.cards.render import html, markdown
from services.cards.ranking_page import ranking_page
from services.cards.store import Cards
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.measuring import first_market
from services.settings import Settings

_TIMES: Final = 5
T = TypeVar("T")


def main() -> None:
    """Print the shares of each term on both scales, and how long each document takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--market", help="by default the first")
    arguments = parser.parse_args()
    engine = open_database(Settings().resolved_database_url)
    try:
        migrate(engine)
        market = arguments.market or first_market(engine)
        cards = Cards(engine, Clock())
        ranking, first = _timed(lambda: Cards(engine, Clock()).ranking_policy(market))
        measured = ranking.measured
        print(f"{measured.lists:,} of {measured.served:,} lists of {measured.diners:,} diners")
        print(f"{'term':<14}{'share of the order':>28}{'share of the raw ledger':>28}")
        for one in ranking.parameters:
            cells = [with_interval(found, "share") if found else "-" for found in (one.share, one.ledger_share)]
            print(f"{one.term:<14}{cells[0]:>28}{cells[1]:>28}")
        card = cards.model_card(market)
        costs = {
            "ranking policy, measured": first,
            "ranking policy, kept": _timed(lambda: cards.ranking_policy(market), _TIMES)[1],
            "model card, first": _timed(lambda: Cards(engine, Clock()).model_card(market))[1],
            "model card": _timed(lambda: cards.model_card(market), _TIMES)[1],
            "model card as HTML": _timed(lambda: html(model_page(card)), _TIMES)[1],
            "model card as Markdown": _timed(lambda: markdown(model_page(card)), _TIMES)[1],
            "ranking policy as HTML": _timed(lambda: html(ranking_page(ranking)), _TIMES)[1],
        }
        for name, milliseconds in costs.items():
            print(f"{name:<28}{milliseconds:>8.1f} ms")
    finally:
        engine.dispose()


def _timed(work: Callable[[], T], times: int = 1) -> tuple[T, float]:
    """The last result, and the median of the milliseconds that it took."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        result = work()
        taken.append(1000.0 * (time.perf_counter() - started))
    return result, median(taken)


if __name__ == "__main__":
    main()
