"""The words of the ranking policy's page: of each term, rule and control."""

from typing import Final, NamedTuple

from services.stakeholders.policy import Control, Eligibility, GroupedBy, Pricing


class Words(NamedTuple):
    """Of a term of the score."""

    title: str
    words: str


TERMS: Final[dict[str, Words]] = {
    "relevance": Words(
        "The diner's taste",
        "What the diner ordered, clicked and rated before, what his or her profile says, and what diners alike chose, "
        "against what the restaurant is (cuisine, price, district and the like) and how often it is chosen.",
    ),
    "recency": Words("What the diner did lately", "The last clicks and orders, each counting less as time goes by."),
    "second_stage": Words(
        "The moment",
        "A second look at the best candidates: the diner's earlier orders there and of the cuisine, the price against "
        "the usual one, the time of day, how new and how popular the place is now.",
    ),
    "calibration": Words(
        "The way there",
        "How long it takes from where the diner is to the restaurant; nearer places are likelier chosen.",
    ),
    "exploration": Words(
        "Chance", "A small random part, so that places of which little is known are seen at times, and can be judged."
    ),
    "fairness": Words(
        "A fair share of looks", "Lifts restaurants that have been shown less than diners' choices would justify."
    ),
    "payment": Words(
        "Payment", "What a restaurant pays for a place that is sold and labelled; see the section on payment."
    ),
}
ELIGIBILITY: Final = {
    Eligibility.BELOW_LIST: "Only a restaurant that would not be in the list without payment can be sold a place.",
    Eligibility.NO_REPEAT: "Any restaurant can be sold a place; it stands once in the list, as an ad or as itself.",
}
GROUPS: Final = {
    GroupedBy.KIND: "their kind (chains, independents, and newcomers, which opened lately)",
    GroupedBy.DISTRICT: "their district",
    GroupedBy.PRICE: "their price level",
    GroupedBy.CUISINE: "their cuisine, the first that is named",
}
CONTROLS: Final = {
    Control.NONE: "Nobody is lifted.",
    Control.FAIRCO: "Each group is lifted by the looks that it is owed (FairCo).",
    Control.P_MMF: "The worst-off groups are lifted, all of them together by no more than the gain (P-MMF).",
}
PRICING: Final = {
    Pricing.VCG: "Prices: a sold place costs what the others lose by it (VCG), never more than was bid.",
    Pricing.GSP: "Prices: a sold place costs what keeps it against the next bid (GSP), never more than was bid.",
    Pricing.FIRST: "Prices: a sold place costs what was bid.",
}
