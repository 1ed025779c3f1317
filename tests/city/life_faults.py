"""Each rule of the consequences broken in one place on purpose, and the tests that must notice."""

from planting import Fault

_LIFE, _CHOICE, _CITY = "data/city/life.py", "data/city/choice.py", "data/city/simulation.py"
_LISTER, _OUTCOMES, _TOWN = (f"services/simulation/{name}.py" for name in ("ranked_lister", "outcomes", "town"))
_HERE, _LOOP = "tests/city/test_life.py", "tests/simulation/test_consequences.py"

FAULTS = (
    Fault(
        "annoyance keeps diners away",
        _LIFE,
        "p.satisfaction * self.satisfaction[diners] - p.annoyance",
        "p.satisfaction * self.satisfaction[diners] + p.annoyance",
        f"{_HERE} -k better_lists",
    ),
    Fault(
        "who has gone does not come",
        _LIFE,
        "np.where(self.gone, 0.0, expit",
        "np.where(self.gone, 0.1, expit",
        f"{_HERE} -k gone",
    ),
    Fault("the usual surplus changes nothing", _LIFE, "surplus - self.usual -", "surplus -", f"{_HERE} -k as_usual"),
    Fault(
        "waiting is counted in seconds",
        _LIFE,
        "self.parameters.impatience * latency_ms / 1000.0",
        "self.parameters.impatience * latency_ms / 100.0",
        f"{_HERE} -k does_not_wait",
    ),
    Fault("only ads are bad", _LIFE, "(worse * (sold & examined))", "(worse * examined)", f"{_HERE} -k only_ads"),
    Fault("one cook is M/M/1", _LIFE, "np.sqrt(2.0 * (cooks + 1.0)) - 1.0", "np.sqrt(2.0 * cooks)", f"{_HERE} -k cook"),
    Fault("fees are paid", _LIFE, "* self.order_values - fees -", "* self.order_values -", f"{_HERE} -k conserved"),
    Fault("who is closed stays closed", _LIFE, "self.closed |= self", "self.closed = self", f"{_HERE} -k stays_closed"),
    Fault(
        "hours are drawn for everybody",
        _CITY,
        "visit_seconds(rng, likely.size)[diners]",
        "visit_seconds(rng, diners.size)",
        f"{_HERE} -k stays_away",
    ),
    Fault("copies live apart", _CITY, "else self.life.copy()", "else self.life", f"{_HERE} -k live_apart"),
    Fault("closed is closed", _CITY, "there & ~self.life.trade.closed", "there", f"{_HERE} -k closed_restaurants"),
    Fault(
        "the truth of all is the truth of each",
        _CITY,
        "values -= p.variety * fresh",
        "values += p.variety * fresh",
        f"{_HERE} -k all_utilities",
    ),
    Fault(
        "nothing below the order is looked at",
        _CHOICE,
        "within & ((ordered < 0)[:, None] | (positions <= ordered[:, None]))",
        "within",
        f"{_HERE} -k cascade",
    ),
    Fault(
        "each restaurant of a cascade has its own alternative",
        _CHOICE,
        "_ALTERNATIVE, restaurants",
        "_ALTERNATIVE, positions * 0",
        f"{_HERE} -k cascade",
    ),
    Fault(
        "the surplus is against the outside with its luck",
        _CHOICE,
        "considered.max(axis=1) - (outside + outside_noise)",
        "considered.max(axis=1) - np.where(considered.max(axis=1) > outside + outside_noise, outside, np.inf)",
        f"{_HERE} -k surplus",
    ),
    Fault(
        "who leaves is counted",
        _LISTER,
        "abandoned=self._left(visits)",
        "abandoned=0",
        f"{_LOOP} -k slowness or by_diner",
    ),
    Fault(
        "sums by diner are of the diner",
        _LISTER,
        'self.by_diner.count("orders", visits.diners[made])',
        'self.by_diner.count("orders", visits.diners)',
        f"{_LOOP} -k by_diner",
    ),
    Fault(
        "errors are over diners",
        _OUTCOMES,
        "np.sqrt(len(parts) * np.var(residuals, ddof=1)) / total",
        "np.sqrt(np.var(residuals, ddof=1)) / total",
        f"{_LOOP} -k bootstrap",
    ),
    Fault(
        "a frozen arm does not learn",
        _TOWN,
        "plan.retrain_days if arm.retrain_days is None else arm.retrain_days",
        "plan.retrain_days",
        f"{_LOOP} -k frozen",
    ),
)
