"""Each rule of the control of exposure, broken in one place, and the tests that guard it."""

from planting import Fault

_CONTROL, _RANKING = "models/fairness/control.py", "services/ranking/fairness.py"
_COMPILED = "services/ranking/_rank.c"
_SHARES, _SCRIPTS = "services/serving/fair_share.py", "services/features/scripts.py"
_OF_CONTROL, _OF_RANK = "tests/fairness/test_control.py", "tests/ranking/test_rank_fairness.py"
_OF_SHARES, _OF_API = "tests/fairness/test_fair_share.py", "tests/api/test_fairness_control.py"

CONTROL = (
    Fault(
        "the error is an integral",
        _CONTROL,
        "return days * shortfalls(exposure, merit)",
        "return 10.0 * shortfalls(exposure, merit)",
        f"{_OF_CONTROL} -k one_over_time",
    ),
    Fault(
        "groups without merit are owed nothing",
        _CONTROL,
        "np.where(there, 1.0 - rates / best, 0.0)",
        "np.where(rates >= 0.0, 1.0 - rates / best, 0.0)",
        f"{_OF_CONTROL} -k nobody_is_owed",
    ),
    Fault(
        "merit has a floor",
        _CONTROL,
        "np.maximum(merit, LEAST_MERIT * merit.sum())",
        "np.maximum(merit, 1e-300)",
        f"{_OF_CONTROL} -k next_to_no_merit",
    ),
    Fault(
        "negative parts are thresholded by what is too much",
        _CONTROL,
        "above = (np.cumsum(falling) - weight) / np.arange(1, len(falling) + 1)",
        "above = (np.cumsum(falling) - weight) / len(falling)",
        f"{_OF_CONTROL} -k projection",
    ),
    Fault(
        "gain 0 is off",
        "services/stakeholders/policy.py",
        "return self.control is not Control.NONE and self.gain > 0.0 and self.max_lift > 0.0",
        "return self.control is not Control.NONE",
        f"{_OF_RANK} -k without_gain",
    ),
    Fault(
        "a gain means the same at any traffic",
        _CONTROL,
        "return days * shortfalls(exposure, merit)",
        "return exposure.sum() * shortfalls(exposure, merit)",
        f"{_OF_CONTROL} -k traffic",
    ),
    Fault(
        "lifts have a bound",
        _RANKING,
        "np.clip(values, -policy.max_lift, policy.max_lift)",
        "np.clip(values, -policy.max_lift, None)",
        f"{_OF_RANK} -k sensible",
    ),
    Fault(
        "penalties have one too",
        _RANKING,
        "np.clip(values, -policy.max_lift, policy.max_lift)",
        "np.clip(values, None, policy.max_lift)",
        f"{_OF_RANK} -k pushes_down",
    ),
    Fault(
        "a batch is of a few seconds",
        _SHARES,
        "int(moment // _BATCH_SECONDS)",
        "0",
        f"{_OF_SHARES} -k however_long",
    ),
    Fault(
        "the last flush sends all",
        _SHARES,
        "batch.number = self._number\n            await self._send()",
        "batch.number = self._number",
        f"{_OF_SHARES} -k nothing_behind",
    ),
    Fault(
        "nobody below the floor is lifted",
        _COMPILED,
        "value < o->floor && lift > 0.0",
        "value < 0.5 * o->floor && lift > 0.0",
        f"{_OF_RANK} -k below_the_floor",
    ),
    Fault(
        "the term is in the score",
        _COMPILED,
        "value += added;",
        "value += 0.0;",
        f"{_OF_RANK} -k sum_of_its_terms",
    ),
    Fault(
        "sold places are no exposure",
        _SHARES,
        "ask.snapshot.looks, shown.sponsors\n",
        "ask.snapshot.looks, {}\n",
        f"{_OF_API} -k paid_places",
    ),
    Fault(
        "a batch is added once",
        _SCRIPTS,
        "if tonumber(redis.call('GET', KEYS[2]) or '-1') >= tonumber(ARGV[3]) then return 0 end",
        "",
        f"{_OF_SHARES} -k sent_twice",
    ),
    Fault(
        "what the log has told is not added again",
        _SCRIPTS,
        "if tonumber(ARGV[2]) < tonumber(since) then return 0 end",
        "",
        f"{_OF_SHARES} -k began_with",
    ),
    Fault(
        "a list weighs by its time",
        _SHARES,
        "return float(2.0 ** (at / self.half_life - _EPOCH_HALF_LIVES * epoch))",
        "return 1.0",
        f"{_OF_SHARES} -k halves",
    ),
)
