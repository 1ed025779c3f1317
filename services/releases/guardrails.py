"""Is the canary worse than the champion? A test that may be looked at as often as one likes. Pure.

Each guardrail watches a stream of hits: errors, slow answers, diners who clicked or ordered. Were the canary no worse,
a hit would be the canary's with the probability q that chance gives it: the share of the diners whom the canary is
shown to, or the share of the answers that were its own. A canary that does harm has more of the errors, or fewer of the
orders, than that. For a relative risk r the likelihood ratio of one hit is

    theta / q  if it is the canary's, else  (1 - theta) / (1 - q),   with theta = r q / (r q + 1 - q).

The product over the hits is a martingale where the canary is as good as the champion, and falls on average where it is
better; so is the mean of such products over a grid of r (a mixture, after Robbins 1970). By Ville's inequality such a
process, an e-process, ever passes 1 / alpha with probability alpha at most, whenever and however often one looks:
Howard, Ramdas, McAuliffe, Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of
Statistics 2021; Ramdas, Grünwald, Vovk, Shafer, "Game-theoretic statistics and safe anytime-valid inference",
Statistical Science 2023; for counts of two arms Lindon, Malek, "Anytime-valid inference for multinomial count data",
NeurIPS 2022. To be conditional on the hits is what makes it indifferent to how many there are: rush hours, outages and
campaigns hit both arms alike.
"""

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self

import numpy as np


class Guardrail(StrEnum):
    """What a canary is watched for."""

    ERRORS = "errors"
    """Answers that failed."""
    SLOW = "slow"
    """Answers that were slow."""
    CLICKS = "clicks"
    """Diners who clicked at least once since the trial began."""
    ORDERS = "orders"
    """Diners who ordered at least once since the trial began."""


MORE: Final = (1.5, 2.0, 4.0, 10.0, 50.0)
"""Relative risks of harm where hits are bad."""
FEWER: Final = (0.1, 0.4, 0.6, 0.8, 0.9)
"""The same where hits are good."""
RISKS: Final[Mapping[Guardrail, tuple[float, ...]]] = {
    Guardrail.ERRORS: MORE,
    Guardrail.SLOW: MORE,
    Guardrail.CLICKS: FEWER,
    Guardrail.ORDERS: FEWER,
}


@dataclass(frozen=True)
class EProcess:
    """The evidence so far that the canary has relatively more (r > 1) or fewer (r < 1) of the hits than it should."""

    risks: tuple[float, ...]
    logs: tuple[float, ...]
    """Log of the likelihood ratio for each of the risks."""
    canary: int = 0
    champion: int = 0
    """Hits."""

    @classmethod
    def start(cls, risks: tuple[float, ...]) -> Self:
        """No evidence: e = 1. The risks are all above 1 or all between 0 and 1."""
        if not (all(risk > 1.0 for risk in risks) or all(0.0 < risk < 1.0 for risk in risks)):
            raise ValueError("the risks of one guardrail lie on one side of 1")
        return cls(risks, (0.0,) * len(risks))

    def after(self, canary: int, champion: int, share: float) -> "EProcess":
        """With more hits; `share` is what part of them chance gives the canary. It may change from call to call.

        Hits whose shares are drawn without replacement, so many of n answers, are no worse: a likelihood ratio is
        convex in the count, so its mean is below that of independent draws (Hoeffding 1963, theorem 4).
        """
        if not (canary or champion) or not 0.0 < share < 1.0:
            return self  # nothing happened, or only one arm could be hit
        risks = np.asarray(self.risks)
        theta = risks * share / (risks * share + 1.0 - share)
        logs = np.asarray(self.logs) + canary * np.log(theta / share) + champion * np.log((1 - theta) / (1 - share))
        return replace(self, logs=tuple(logs.tolist()), canary=self.canary + canary, champion=self.champion + champion)

    @property
    def log_e(self) -> float:
        """Log of the mixture; e above 1 / alpha is evidence at level alpha."""
        highest = max(self.logs)
        return highest + math.log(math.fsum(math.exp(log - highest) for log in self.logs) / len(self.logs))


@dataclass(frozen=True)
class Promises:
    """Shares below which errors and slow answers are nobody's harm."""

    errors: float
    slow: float


@dataclass(frozen=True)
class ArmCounts:
    """Answers of one arm."""

    requests: int = 0
    errors: int = 0
    slow: int = 0

    def since(self, earlier: "ArmCounts") -> "ArmCounts":
        """What came to earlier totals; never below 0, for old counts are forgotten some day."""
        pairs = zip(astuple(self), astuple(earlier), strict=True)
        return ArmCounts(*(max(0, now - then) for now, then in pairs))


@dataclass(frozen=True)
class Watch:
    """All guardrails of one trial. Feed it with what happened since the last look, and ask `alarm`."""

    alpha: float
    share: float
    """Of the diners who are shown the canary."""
    promises: Promises
    processes: Mapping[Guardrail, EProcess]
    answers: tuple[ArmCounts, ArmCounts] = (ArmCounts(), ArmCounts())
    """Of canary and champion, so far."""

    @classmethod
    def start(cls, alpha: float, share: float, promises: Promises) -> Self:
        """At the beginning of a trial."""
        return cls(alpha, share, promises, {name: EProcess.start(risks) for name, risks in RISKS.items()})

    def after_answers(self, canary: ArmCounts, champion: ArmCounts) -> "Watch":
        """With the totals of answers since the trial began."""
        new = (canary.since(self.answers[0]), champion.since(self.answers[1]))
        answered = new[0].requests + new[1].requests
        if not answered:
            return self
        share = new[0].requests / answered
        processes = {
            **self.processes,
            Guardrail.ERRORS: self.processes[Guardrail.ERRORS].after(new[0].errors, new[1].errors, share),
            Guardrail.SLOW: self.processes[Guardrail.SLOW].after(new[0].slow, new[1].slow, share),
        }
        return replace(self, processes=processes, answers=(canary, champion))

    def after_diners(self, guardrail: Guardrail, canary: int, champion: int) -> "Watch":
        """With diners who did something for the first time since the trial began, by the arm that they are in.

        Each diner counts once: diners are what was shared out at random, so one who orders all day is one draw.
        """
        process = self.processes[guardrail].after(canary, champion, self.share)
        return replace(self, processes={**self.processes, guardrail: process})

    @property
    def threshold(self) -> float:
        """Log of what e must pass: alpha is shared out among the guardrails (Bonferroni)."""
        return math.log(len(self.processes) / self.alpha)

    def alarm(self) -> Guardrail | None:
        """The guardrail that the canary has broken, the one with most evidence; None where there is none."""
        broken = [name for name in self.processes if self._is_broken(name)]
        return max(broken, key=lambda name: self.processes[name].log_e, default=None)

    def _is_broken(self, name: Guardrail) -> bool:
        if self.processes[name].log_e < self.threshold:
            return False
        answers = self.answers[0]
        if name is Guardrail.ERRORS:
            return answers.errors > self.promises.errors * answers.requests
        if name is Guardrail.SLOW:
            return answers.slow > self.promises.slow * answers.requests
        return True

    def evidence(self) -> dict[str, Any]:
        """The counts and e-values, for people; `threshold` is what an e-value has to pass."""
        found: dict[str, Any] = {
            name.value: {
                "canary": process.canary,
                "champion": process.champion,
                "e": math.exp(min(process.log_e, 700.0)),
            }
            for name, process in self.processes.items()
        }
        requests = {"canary": self.answers[0].requests, "champion": self.answers[1].requests}
        return {"requests": requests, "threshold": math.exp(self.threshold), **found}

    def reason(self, name: Guardrail) -> str:
        """Why a canary is rolled back, in words."""
        process = self.processes[name]
        hits = process.canary + process.champion
        if name in (Guardrail.ERRORS, Guardrail.SLOW):
            both = self.answers[0].requests + self.answers[1].requests
            due, of = self.answers[0].requests / max(both, 1), "answers"
        else:
            due, of = self.share, "diners"
        return (
            f"guardrail {name}: {process.canary} of {hits} hits are the canary's, which has {due:.1%} of the {of}; "
            f"e = {math.exp(min(process.log_e, 700.0)):.3g}, {math.exp(self.threshold):.0f} was needed"
        )
