"""The words of the city: cuisines and their hours, markets, districts, names. Everything here is invented."""

from enum import IntEnum
from typing import Final, NamedTuple

from data.hours import interval


class Daypart(IntEnum):
    """Parts of the local day in which diners open the app."""

    BREAKFAST = 0
    LUNCH = 1
    AFTERNOON = 2
    DINNER = 3
    LATE = 4


class Kind(NamedTuple):
    """When a kind of kitchen is open, and how well it fits each daypart."""

    opens: tuple[tuple[int, int], ...]
    """(open, close) in whole local hours; a close past 24 is after midnight."""
    fits: tuple[float, float, float, float, float]
    """Utility for each daypart, before `CityParameters.daypart`."""


class Cuisine(NamedTuple):
    """A cuisine: how common it is, how dear, its kind of kitchen and its family (families taste alike)."""

    name: str
    share: float
    price_level: float
    kind: str
    family: str


class MarketName(NamedTuple):
    """An invented town."""

    market: str
    title: str
    time_zone: str
    currency: str
    price_scale: float
    """Price of a meal relative to the euro, in the currency's units."""
    lat: float
    lon: float


DAYPART_HOURS: Final = ((7, 10), (11, 15), (15, 18), (18, 22), (22, 24))
"""[from, to) local hours of each daypart."""
DAYPART_SHARES: Final = (0.07, 0.29, 0.10, 0.45, 0.09)
"""Share of visits in each."""

KINDS: Final = {
    "cafe": Kind(((7, 18),), (1.0, 0.1, 0.7, -1.0, -1.5)),
    "quick": Kind(((10, 24),), (-0.6, 0.3, 0.1, 0.0, 0.6)),
    "kitchen": Kind(((11, 15), (17, 23)), (-1.0, 0.2, -0.3, 0.2, -0.2)),
    "evening": Kind(((16, 26),), (-1.0, -0.5, -0.2, 0.3, 0.8)),
}

CUISINES: Final = (
    Cuisine("italian", 0.11, 2.4, "kitchen", "mediterranean"),
    Cuisine("pizza", 0.10, 1.7, "quick", "mediterranean"),
    Cuisine("greek", 0.04, 2.2, "kitchen", "mediterranean"),
    Cuisine("spanish", 0.03, 2.6, "evening", "mediterranean"),
    Cuisine("french", 0.03, 3.3, "kitchen", "european"),
    Cuisine("bistro", 0.06, 2.6, "kitchen", "european"),
    Cuisine("chinese", 0.08, 1.8, "kitchen", "east asian"),
    Cuisine("japanese", 0.06, 2.9, "kitchen", "east asian"),
    Cuisine("korean", 0.03, 2.3, "kitchen", "east asian"),
    Cuisine("thai", 0.05, 2.0, "kitchen", "south asian"),
    Cuisine("vietnamese", 0.03, 1.8, "kitchen", "south asian"),
    Cuisine("indian", 0.06, 2.0, "kitchen", "south asian"),
    Cuisine("mexican", 0.05, 1.9, "quick", "american"),
    Cuisine("burgers", 0.08, 1.7, "quick", "american"),
    Cuisine("chicken", 0.04, 1.4, "quick", "american"),
    Cuisine("steakhouse", 0.02, 3.4, "evening", "american"),
    Cuisine("lebanese", 0.03, 2.0, "kitchen", "levantine"),
    Cuisine("turkish", 0.04, 1.5, "quick", "levantine"),
    Cuisine("vegan", 0.03, 2.2, "kitchen", "green"),
    Cuisine("salads", 0.03, 2.0, "quick", "green"),
    Cuisine("bakery", 0.05, 1.3, "cafe", "sweet"),
    Cuisine("coffee", 0.06, 1.5, "cafe", "sweet"),
    Cuisine("seafood", 0.02, 3.0, "kitchen", "european"),
    Cuisine("tapas bar", 0.02, 2.5, "evening", "mediterranean"),
)

MARKETS: Final = (
    MarketName("aldermoor", "Aldermoor", "Europe/London", "GBP", 0.9, 52.62, -1.43),
    MarketName("brackwater", "Brackwater", "Europe/Dublin", "EUR", 1.0, 53.08, -7.91),
    MarketName("corvenna", "Corvenna", "Europe/Rome", "EUR", 0.9, 43.41, 11.87),
    MarketName("dunmarrow", "Dunmarrow", "America/New_York", "USD", 1.2, 41.27, -75.12),
    MarketName("esterholm", "Esterholm", "Europe/Stockholm", "SEK", 11.0, 58.93, 15.21),
    MarketName("ferncastle", "Ferncastle", "Australia/Sydney", "AUD", 1.7, -33.31, 149.6),
    MarketName("galdera", "Galdera", "Europe/Madrid", "EUR", 0.8, 40.33, -3.02),
    MarketName("hollinport", "Hollinport", "America/Vancouver", "CAD", 1.5, 49.71, -121.4),
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


DISTRICTS: Final = _words(
    "Old Town,Harbourside,Millgate,Castle Hill,Northfield,Queensmead,Ropewalk,Saltmarsh,Elm Park,Brickfields,Abbey End,"
    "Foxholm,Kingsway,Lower Wharf,Meadowbank,Orchard Rise,Priory,Quarry Bank,Riverside,Southgate,Tanner Row,Underhill,"
    "Vinegar Yard,Westbrook,Yewtree,Ashgrove,Bellfield,Cornmarket,Dovecote,Eastcliff,Ferry Lane,Greenhithe"
)

OWNERS: Final = _words(
    "Adeyemi,Alvarez,Anders,Bianchi,Bruno,Carla,Castell,Chen,Corrin,Dara,Dimitri,Elias,Esme,Farah,Fenn,Georgiou,Greta,"
    "Haddad,Harlan,Ines,Ivo,Jansen,Joon,Kaya,Kiran,Lena,Lowen,Malik,Marta,Mei,Minh,Nadia,Niko,Odell,Okafor,Paloma,Pim,"
    "Quill,Rasa,Rossi,Sato,Selma,Tamsin,Tariq,Ulla,Varga,Wen,Yara,Yusuf,Zora"
)
EPITHETS: Final = _words(
    "Amber,Blue,Brass,Bright,Copper,Crooked,Early,Emerald,Far,Fat,First,Golden,Green,Happy,Hidden,Honest,Humble,Iron,"
    "Ivory,Jolly,Kind,Laughing,Little,Long,Lucky,Mellow,Merry,Midnight,Old,Painted,Quiet,Red,Rolling,Royal,Rustic,Salty,"
    "Silver,Singing,Slow,Smoky,Spotted,Sunny,Sweet,Tall,Velvet,Wandering,White,Wild,Winter,Wooden"
)
NOUNS: Final = _words(
    "Anchor,Apron,Barrel,Basket,Bell,Bowl,Bridge,Cart,Cellar,Clove,Crane,Crow,Cup,Door,Dragon,Fig,Finch,Fork,Fox,Garden,"
    "Goose,Hare,Hearth,Heron,Kettle,Kitchen,Ladle,Lantern,Lemon,Lion,Lotus,Magpie,Mill,Moon,Mortar,Oak,Olive,Oven,Pan,"
    "Pear,Pepper,Pestle,Plate,Plum,Quince,Rooster,Spoon,Stag,Table,Thistle"
)


def market_name(index: int) -> MarketName:
    """The index-th market, from 0; beyond the invented names they are numbered."""
    if index < len(MARKETS):
        return MARKETS[index]
    return MarketName(f"city-{index + 1}", f"City {index + 1}", "UTC", "EUR", 1.0, 45.0, -170.0 + index % 340)


def district_name(index: int) -> str:
    """The index-th district, from 0; beyond the invented names they come again with a number."""
    rounds, word = divmod(index, len(DISTRICTS))
    return DISTRICTS[word] if rounds == 0 else f"{DISTRICTS[word]} {rounds + 1}"


def weekly_hours(kind: str, closed_day: int) -> list[int]:
    """Opening hours of a kind of kitchen, as pairs of minutes of the local week; `closed_day` 7 means none."""
    pairs = [
        interval(day, 60 * opens, 60 * (closes if closes <= 24 else closes - 24))
        for day in range(7)
        if day != closed_day
        for opens, closes in KINDS[kind].opens
    ]
    flat = [(start, end) for pair in pairs for start, end in zip(pair[::2], pair[1::2], strict=True)]
    return [minute for opening in sorted(flat) for minute in opening]
