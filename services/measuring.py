"""What programs that measure have in common."""

from sqlalchemy import Engine

from services.catalogue.store import CatalogueStore


def first_market(engine: Engine) -> str:
    """A market of the home that is measured. Ends the program (SystemExit) where there is none."""
    markets = CatalogueStore(engine).markets()
    if not markets:
        raise SystemExit(
            "there is no market to measure: TABLESTAKES_HOME has to name a home in which `tablestakes train DIR` has "
            "registered a model"
        )
    return markets[0].market
