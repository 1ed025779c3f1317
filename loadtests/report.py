"""The bench's figures as a table for people and as JSON for programs."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from loadtests.comparison import Rounds, Slice, Spread, is_quiet, ratio, spread
from loadtests.latency import Rung

API, PLAIN, OFF = "tablestakes", "without reasons", "money off"
NOOP, NOOP_AGAIN, BARE, NAIVE = "no-op", "no-op again", "no-op, bare", "naive"
SCHEMA_VERSION = 3
PAIRS = ((API, NOOP), (API, BARE), (API, NAIVE), (API, PLAIN), (PLAIN, NOOP), (PLAIN, OFF))
"""Whose figures are set against whose."""
AA_LIMIT = 0.03
"""An A/A pair that differs by more stamps the run INVALID."""

OWN_HALF, SAME_RATE = "half of its own capacity", "half of our capacity"
"""The levels of load at which latency is compared: each at half of what it can do, and both at half of what we can."""
MOST_P99_RATIO = 2.5
"""Our p99 over the no-op's, each at half of its own capacity."""

_FIGURES: dict[str, Callable[[Slice], float]] = {
    "throughput": lambda each: each.throughput,
    "cpu_us": lambda each: each.cpu_us,
    "bytes": lambda each: each.bytes_per_answer,
}


@dataclass(frozen=True)
class Goal:
    """A ratio of throughputs that is wanted."""

    of: str
    to: str
    at_least: float


GOALS: dict[int, tuple[Goal, ...]] = {
    1_000: (Goal(API, NOOP, 0.60), Goal(API, PLAIN, 0.85), Goal(PLAIN, OFF, 0.85)),
    10_000: (Goal(API, NOOP, 0.38), Goal(API, NAIVE, 6.0), Goal(API, PLAIN, 0.85), Goal(PLAIN, OFF, 0.85)),
}
"""By restaurants in the market. 60 % counts where the hot route is served by raw ASGI, as here; 45 % would do else."""


@dataclass(frozen=True)
class Size:
    """What was measured with one number of restaurants in the market."""

    restaurants: int
    rounds: Rounds
    rungs: Sequence[Rung]
    stages_us: dict[str, float]

    @property
    def aa(self) -> Spread:
        """Throughput of the no-op's second process over the first's."""
        return ratio(self.rounds, NOOP_AGAIN, NOOP, _FIGURES["throughput"])

    @property
    def problems(self) -> list[str]:
        """Why the figures must not be quoted; empty when they may."""
        found = []
        if abs(self.aa.value - 1) > AA_LIMIT:
            found.append(f"the no-op differs from itself by {abs(self.aa.value - 1):.1%} (limit {AA_LIMIT:.0%})")
        found += [f"the load generator was late at {rung.name}" for rung in self.rungs if rung.generator_saturated]
        if errors := sum(each.errors for measured in self.rounds for each in measured.values()):
            found.append(f"{errors} requests failed")
        return found

    def throughput_ratio(self, of: str, to: str) -> Spread:
        """One contestant's throughput over another's."""
        return ratio(self.rounds, of, to, _FIGURES["throughput"])

    def as_json(self) -> dict[str, Any]:
        """Figures, ratios and raw histograms."""
        names = list(self.rounds[0])
        return {
            "restaurants": self.restaurants,
            "valid": not self.problems,
            "problems": self.problems,
            "quiet_rounds": sum(map(is_quiet, self.rounds)),
            "rounds": [{name: asdict(each) for name, each in measured.items()} for measured in self.rounds],
            "contestants": {
                name: {figure: asdict(spread(self.rounds, name, value)) for figure, value in _FIGURES.items()}
                for name in names
            },
            "ratios": {
                figure: {f"{of} / {to}": asdict(ratio(self.rounds, of, to, _FIGURES[figure])) for of, to in PAIRS}
                for figure in ("throughput", "cpu_us")
            },
            "aa_throughput": asdict(self.aa),
            "goals": [
                {**asdict(goal), "value": self.throughput_ratio(goal.of, goal.to).value, "met": self.met(goal)}
                for goal in GOALS.get(self.restaurants, ())
            ],
            "open_loop": [rung.as_json() for rung in self.rungs],
            "stages_us": self.stages_us,
        }

    def met(self, goal: Goal) -> bool:
        """Whether the median reaches it."""
        return self.throughput_ratio(goal.of, goal.to).value >= goal.at_least


def lines(size: Size) -> list[str]:
    """One size as lines of text."""
    noisy = len(size.rounds) - sum(map(is_quiet, size.rounds))
    text = [
        f"{size.restaurants:,} restaurants, {len(size.rounds)} rounds, median (lowest – highest)",
        f"  {'':<22}{'requests/s':>28}{'CPU µs/request':>26}{'bytes':>8}",
    ]
    for name in size.rounds[0]:
        throughput, cpu, length = (spread(size.rounds, name, value) for value in _FIGURES.values())
        text.append(f"  {name:<22}{_cell(throughput, 0):>28}{_cell(cpu, 0):>26}{length.value:>8,.0f}")
    text += ["", f"  {'':<32}{'throughput':>28}{'CPU µs/request':>26}  goal"]
    goals = {(goal.of, goal.to): goal for goal in GOALS.get(size.restaurants, ())}
    for of, to in PAIRS:
        throughput, cpu = (ratio(size.rounds, of, to, _FIGURES[figure]) for figure in ("throughput", "cpu_us"))
        label, goal = f"{of} / {to}", _goal(size, goals.get((of, to)))
        text.append(f"  {label:<32}{_cell(throughput, 2):>28}{_cell(cpu, 2):>26}{goal}")
    text += ["", f"  {'open loop':<34}{'':<12}{'p50 ms':>22}{'p99 ms':>24}"]
    text += [line for rung in size.rungs for line in _rung_lines(rung)]
    if size.stages_us:
        stages = ", ".join(f"{stage} {us:,.0f}" for stage, us in size.stages_us.items())
        text += ["", f"  stages, µs (median of single requests): {stages}"]
    text.append(
        f"  the no-op against itself: {_cell(size.aa, 3)}" + (f"; {noisy} rounds were not quiet" if noisy else "")
    )
    text += [f"  INVALID: {problem}" for problem in size.problems]
    return text


def _rung_lines(rung: Rung) -> list[str]:
    text = []
    for name, rounds in rung.results.items():
        p50, p99 = rung.quantile_ms(name, 0.5), rung.quantile_ms(name, 0.99)
        label = f"{rung.name}, {rung.rates[name]:,.0f}/s"
        short = Spread.of(each.achieved_rate / each.offered_rate for each in rounds).value < 0.98
        note = "  past its capacity" if short else ""
        text.append(f"  {label:<34}{name:<12}{_cell(p50, 2):>22}{_cell(p99, 2):>24}{note}")
    ratio_p99 = rung.ratio(API, NOOP, 0.99)
    goal = ""
    if rung.name == OWN_HALF:
        goal = f"  <= {MOST_P99_RATIO:g}: {'met' if ratio_p99.value <= MOST_P99_RATIO else 'MISSED'}"
    return [*text, f"  {'':<34}{'ratio':<12}{_cell(rung.ratio(API, NOOP, 0.5), 2):>22}{_cell(ratio_p99, 2):>24}{goal}"]


def _goal(size: Size, goal: Goal | None) -> str:
    if goal is None:
        return ""
    return f"  >= {goal.at_least:g}: {'met' if size.met(goal) else 'MISSED'}"


def _cell(value: Spread, digits: int) -> str:
    shown = 0 if value.high >= 100 else digits
    return f"{value.value:,.{shown}f} ({value.low:,.{shown}f} – {value.high:,.{shown}f})"
