"""The statistics of benchmark runs: shares, pass@k, and whether two runs differ."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence

RESAMPLES = 2_000
"""Of a bootstrap."""


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """The 95% interval of a share (Wilson 1927)."""
    if not trials:
        return 0.0, 1.0
    z = 1.959964
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    half /= 1 + z * z / trials
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == trials else min(1.0, middle + half)
    return low, high


def wilson_by_cluster(clusters: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """The 95% interval of a share whose trials come in clusters, of which each may end alike.

    `clusters` are the successes and the trials of each. It is Wilson's for the number of independent
    trials that would tell as much: all of them over the design effect, which is the variance of the
    share between clusters over that of independent trials (Kish 1965), and at least 1 (Korn and
    Graubard 1998, section 3). Where all trials end alike, a cluster is one of them.
    """
    successes, trials = (
        (sum(numbers) for numbers in zip(*clusters, strict=True)) if clusters else (0, 0)
    )
    if successes in (0, trials):
        independent = float(len(clusters))
    elif len(clusters) == 1:
        independent = 1.0
    else:
        share = successes / trials
        squares = math.fsum((won - share * tried) ** 2 for won, tried in clusters)
        variance = len(clusters) / (len(clusters) - 1) * squares / trials**2
        independent = trials / max(1.0, variance * trials / (share * (1 - share)))
    return wilson(independent * successes / max(1, trials), independent)


def pass_at_k(attempts: int, successes: int, k: int) -> float:
    """The unbiased estimate of the chance that one of k attempts succeeds, from `successes` of
    `attempts` (Chen et al. 2021, arXiv 2107.03374, section 2.1).

    Raises:
        ValueError: there are fewer than k attempts, or k is not positive.
    """
    if not 1 <= k <= attempts:
        raise ValueError(f"pass@{k} cannot be estimated from {attempts} attempts")
    return 1.0 - math.comb(attempts - successes, k) / math.comb(attempts, k)


def bootstrap(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """The 95% interval of a mean: the percentiles of the means of resamples (Efron 1979)."""
    if not values:
        return 0.0, 1.0
    numbers = random.Random(seed)
    means = sorted(
        math.fsum(numbers.choices(values, k=len(values))) / len(values) for _ in range(RESAMPLES)
    )
    return means[round(0.025 * (RESAMPLES - 1))], means[round(0.975 * (RESAMPLES - 1))]


def mcnemar(gained: int, lost: int) -> float:
    """The two-sided p-value of the exact test that gains and losses are equally probable (McNemar
    1947, with the binomial distribution)."""
    changed = gained + lost
    tail = sum(math.comb(changed, n) for n in range(min(gained, lost) + 1))
    return min(1.0, math.ldexp(2 * tail, -changed))


def sign_flips(differences: Iterable[int]) -> float:
    """The two-sided p-value of the exact test that each difference could as well have the other sign:
    the share of all signs whose sum is as far from zero (Fisher 1935, section 21). For differences of
    1 and -1 it is McNemar's; the difference of a cluster is the sum of those in it.
    """
    changed = [difference for difference in differences if difference]
    sums = Counter({0: 1})
    for difference in changed:
        flipped: Counter[int] = Counter()
        for total, count in sums.items():
            flipped[total + difference] += count
            flipped[total - difference] += count
        sums = flipped
    far = sum(count for total, count in sums.items() if abs(total) >= abs(sum(changed)))
    return far / (1 << len(changed))
