"""Switchback experiments: a whole region changes its policy with time, so what diners share is never shared by arms.

Time is cut into windows. Two windows of a region that are `stride` apart, the same weekday of two weeks, say, make a
pair: a coin gives one of them the treatment and the other the control, so what weekdays do falls out of the
difference. The first periods of a window, in which the other policy still has its effect, are the burn-in and dropped.
"""

import numpy as np
import numpy.typing as npt

from models.experiments.assignment import is_treated
from models.experiments.estimate import Arm, Bools, Doubles, Estimate

Ints = npt.NDArray[np.int64]


def pairs(windows: int, stride: int = 1) -> Ints:
    """(windows,) the number of each window's pair; windows at the end that find no partner have -1."""
    numbers = np.arange(windows)
    block, place = np.divmod(numbers, 2 * stride)
    pair = block * stride + place % stride
    whole = np.bincount(pair, minlength=pair.max(initial=-1) + 1) == 2
    _, renumbered = np.unique(np.where(whole[pair], pair, -1), return_inverse=True)
    return np.asarray(renumbered - (0 if whole.all() else 1), np.int64)


def schedule(salt: str, region: str, windows: int, stride: int = 1) -> Bools:
    """(windows,) which windows of a region are treated: one of each pair, by a coin; those without a partner are not.

    Coins of different regions and salts are independent.
    """
    numbers = np.arange(windows)
    second = numbers % (2 * stride) >= stride
    of_window = pairs(windows, stride)
    coins = np.asarray(
        [is_treated(salt, f"{region}\0{pair}") for pair in range(of_window.max(initial=-1) + 1)] + [False]
    )
    return np.asarray((second == coins[of_window]) & (of_window >= 0), np.bool_)


def in_windows(values: Doubles, length: int, burn_in: int = 0) -> Doubles:
    """(windows,) sums of the values (periods,) over windows of `length` periods, without the first `burn_in` of each.

    Raises ValueError where the burn-in leaves nothing of a window, or the periods are no whole number of windows.
    """
    if not 0 <= burn_in < length:
        raise ValueError(f"a burn-in of {burn_in} leaves nothing of windows of {length}")
    if len(values) % length:
        raise ValueError(f"{len(values)} periods are no whole number of windows of {length}")
    return np.asarray(values.reshape(-1, length)[:, burn_in:].sum(axis=1))


def switchback(numerators: Doubles, denominators: Doubles, treated: Bools, clusters: Ints) -> Estimate:
    """The ratio metric in treated windows less that in the others, with cluster-robust errors.

    numerators, denominators, treated: (C,) of each window of each region; clusters: (C,) what the errors are gathered
    over: the pair, as a rule; a window with -1 is left out. With e_c = ±(Y_c - R N_c) / sum N of its arm, the variance
    is G / (G - 1) · sum over clusters of (sum of their e_c)², and the quantiles are Student's with G - 1 degrees of
    freedom: what G clusters can say (Cameron, Miller, "A practitioner's guide to cluster-robust inference", 2015; for
    pairs it is the variance of the mean difference, as in Imbens, Rubin 2015, chapter 10).

    Raises ValueError for fewer than two clusters, and as `Arm.of` does.
    """
    kept = clusters >= 0
    _, numbers = np.unique(clusters[kept], return_inverse=True)
    groups = int(numbers.max(initial=-1)) + 1
    if groups < 2:
        raise ValueError(f"cluster-robust errors need at least two clusters, there are {groups}")
    of_arm = treated[kept]
    errors = np.empty(len(of_arm))
    ratios = []
    for mask, sign in ((~of_arm, -1.0), (of_arm, 1.0)):
        arm = Arm.of(numerators[kept][mask], denominators[kept][mask])
        errors[mask] = sign * arm.influence / len(arm.influence)
        ratios.append(arm.ratio)
    sums = np.bincount(numbers, errors)
    variance = groups / (groups - 1) * float(sums @ sums)
    return Estimate(ratios[1] - ratios[0], float(np.sqrt(variance)), groups - 1.0)


def randomisation_p_value(
    numerators: Doubles,
    denominators: Doubles,
    treated: Bools,
    pair: Ints,
    rng: np.random.Generator,
    draws: int = 10_000,
) -> float:
    """The share of the coins' outcomes whose difference is at least as great as the one seen (Fisher).

    Exact under the hypothesis that the policy changes nothing in any window, whatever else moves: the check on
    `switchback`. All 2^P outcomes where that is no more than `draws`, else so many drawn. Arguments are those of
    `switchback`; each pair has one window of each arm.
    """
    kept = pair >= 0
    order = np.lexsort((treated[kept], pair[kept]))
    parts, wholes = (values[kept][order].reshape(-1, 2) for values in (numerators, denominators))
    if not (treated[kept][order].reshape(-1, 2) == [False, True]).all():
        raise ValueError("pair: each needs one treated window and one that is not")
    count = len(parts)
    if 2**count <= draws:
        swaps = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    else:
        swaps = np.concatenate([np.zeros((1, count), np.int64), rng.integers(0, 2, (draws - 1, count))])

    def arm(column: int) -> Doubles:
        sums = [np.where(swaps == column, values[:, 0], values[:, 1]).sum(axis=1) for values in (parts, wholes)]
        return np.asarray(sums[0] / sums[1])

    gaps = np.abs(arm(1) - arm(0))
    return float(np.mean(gaps >= gaps[0] * (1.0 - 1e-12)))
