"""All lessons, by number: what each asks, and where it is found out.

The module that a lesson runs is imported when it runs: it brings the libraries that the lesson reckons with, a second
of work and 45 MiB that a server which only shows the lesson has better uses for.
"""

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Final

from services.lessons.lesson import Asked, Findings, Lesson


def _run(module: str, asked: Asked) -> Findings:
    found: Findings = import_module(f"services.lessons.{module}").run(asked)
    return found


_LESSONS: Final = (
    Lesson(
        number=1,
        slug="accuracy-against-latency",
        title="Accuracy against latency",
        question="The ML engineers want the most accurate model, product wants low latency: how much accuracy is "
        "worth the "
        "wait?",
        would_change=(
            "More machines: at a fifth of the load the heavy model brings orders, and machines cost money.",
            "A faster second stage: its time is a few hundred trees, and half of them would be half of it.",
            "Fewer days of log: after a single one LightFM is hardly better than popularity.",
        ),
        seeds=4,
        short_seeds=2,
        run=partial(_run, "accuracy_against_latency"),
    ),
    Lesson(
        number=2,
        slug="fees-against-diners",
        title="Fees against diners",
        question="Sales wants the restaurants with the highest fee on top: what does that bring this week, and "
        "in half a "
        "year?",
        would_change=(
            "Diners whom ads hardly annoy: with `annoyance` 0.05 instead of 0.25 greed may go on paying, as the last "
            "figure has it; its interval is of a few cities.",
            "Diners who look at fewer places before they order (`--choice cascade`): they see fewer ads, "
            "and after half a "
            "year both policies bring about the same.",
            "Restaurants with deeper pockets: those that pay for places go out of business later.",
        ),
        seeds=6,
        short_seeds=2,
        run=partial(_run, "fees_against_diners"),
    ),
    Lesson(
        number=3,
        slug="latency-against-orders",
        title="Latency against orders",
        question="Product says that a slow app loses orders: how many orders does a millisecond cost?",
        would_change=(
            "Diners who wait without minding (`impatience` 0): then nothing is lost, as the second curve shows.",
            "An answer that is there at once with a placeholder: what counts is when the diner sees something.",
            "Lists that get better by taking longer: lesson 1 weighs the one against the other.",
        ),
        seeds=5,
        short_seeds=2,
        run=partial(_run, "latency_against_orders"),
    ),
    Lesson(
        number=4,
        slug="shipping-against-standing-still",
        title="Shipping against standing still",
        question="Infrastructure wants to hold deployments off: what does standing still cost, and what does "
        "shipping buy?",
        would_change=(
            "A shorter freeze: the curves part slowly, so a week costs next to nothing.",
            "Releases that do harm: with no canary to take them back, one bad model costs more than weeks of freeze.",
            "A model that does not remember single diners: it ages more slowly, and has less to lose.",
        ),
        seeds=5,
        short_seeds=2,
        run=partial(_run, "shipping_against_standing_still"),
    ),
    Lesson(
        number=5,
        slug="what-has-it-learnt",
        title="What has the model really learnt?",
        question="A model can have a good score and have learnt the wrong thing: what does it lean on, and will "
        "that hold?",
        would_change=(
            "Diners who do not come back to places: then there is nothing to remember, and known places are left out.",
            "Heavier tags (`tag_share` of LightFM): they help with what is new, and cost what is remembered.",
            "A shortcut that holds to the end of the log and in the catalogue: no audit of the log can find that one.",
        ),
        seeds=8,
        short_seeds=2,
        run=partial(_run, "what_has_it_learnt"),
    ),
    Lesson(
        number=6,
        slug="rich-get-richer",
        title="The rich get richer, and the flip test",
        question="The article adds a seat for fairness: does the loop make the rich richer, and what changes "
        "when one word "
        "about a diner does?",
        would_change=(
            "A model that does not learn from its own lists: then nothing feeds back.",
            "More exploration: looks spread further, and lists are worse for longer.",
            "A proxy, a harmless word that tells a protected one: the flip of the protected word sees "
            "nothing of it, the "
            "audit's probes do (`tablestakes audit fairness`).",
        ),
        seeds=4,
        short_seeds=2,
        run=partial(_run, "rich_get_richer"),
    ),
    Lesson(
        number=7,
        slug="table-for-everyone",
        title="A table at which everyone can sit",
        question="How do you find a solution that makes everyone happy? The article leaves that one up to you.",
        would_change=(
            "Another disagreement: what a seat is left with when talks fail sets what its shares are shares of.",
            "A seat more or fewer: the poorest seat decides, so whoever sits down changes the settlement.",
            "More policies to choose from: what was not tried cannot be settled on.",
        ),
        seeds=5,
        short_seeds=3,
        run=partial(_run, "table_for_everyone"),
    ),
    Lesson(
        number=8,
        slug="offline-numbers-that-lie",
        title="Offline numbers that lie",
        question="Before anyone is shown the new lists, a number says that they are better: can it be believed?",
        would_change=(
            "A log that explores nothing: then nothing can be told from it, and the estimate is refused.",
            "A policy that is far from the logged one: few lists of the log bear on it, and intervals grow until it is "
            "refused.",
            "Diners who look at each place by itself: then the model's own word would not be so far off.",
        ),
        seeds=30,
        short_seeds=4,
        run=partial(_run, "offline_numbers_that_lie"),
    ),
)
LESSONS: Final[Mapping[int, Lesson]] = {lesson.number: lesson for lesson in _LESSONS}
