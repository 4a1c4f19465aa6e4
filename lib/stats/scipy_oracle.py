"""What SciPy, NumPy or plain counting says: questions as JSON on stdin, answers as JSON on stdout (lib/stats/scipy_test.ts)."""
import json
import math
import sys
from itertools import combinations

import numpy as np
from scipy import special, stats

NUMPY_NAME = {"nearest_rank": "inverted_cdf"}


def mann_whitney(x, y, alternative, method, continuity):
    kind = "asymptotic" if method == "normal" else "exact"
    found = stats.mannwhitneyu(x, y, alternative=alternative, method=kind, use_continuity=continuity)
    return [float(found.statistic), float(found.pvalue)]


def counted(x, y):
    """Exact p with ties, by every arrangement: SciPy's exact mode ignores ties. Greater, less, two-sided by deviation."""
    ranks = np.rint(2 * stats.rankdata(list(x) + list(y))).astype(int)
    seen = int(ranks[: len(x)].sum())
    centre = len(x) * (len(ranks) + 1)
    sums = [sum(chosen) for chosen in combinations(ranks.tolist(), len(x))]
    keep = (lambda s: s >= seen, lambda s: s <= seen, lambda s: abs(s - centre) >= abs(seen - centre))
    return [sum(map(rule, sums)) / len(sums) for rule in keep]


def quantile(values, q, rule):
    # Of two ranks as near it takes the even one from NumPy 2.0 on.
    if rule == "closest_observation" and int(np.__version__.split(".")[0]) < 2:
        return None
    return float(np.quantile(values, q, method=NUMPY_NAME.get(rule, rule)))


def proportion(k, n, level, method):
    found = stats.binomtest(k, n).proportion_ci(level, method)
    return [float(found.low), float(found.high)]


def theil_sen(x, y):
    found = stats.theilslopes(y, x)
    return [float(found[0]), float(found[1])]


def mean_interval(values):
    found = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    return [float(found[0]), float(found[1])]


def welch(x, y):
    a, b = np.var(x, ddof=1) / len(x), np.var(y, ddof=1) / len(y)
    df = (a + b) ** 2 / (a**2 / (len(x) - 1) + b**2 / (len(y) - 1))
    found = stats.t.interval(0.95, df, np.mean(x) - np.mean(y), math.sqrt(a + b))
    return [float(found[0]), float(found[1]), float(stats.ttest_ind(x, y, equal_var=False).pvalue)]


def bootstrap(values, method):
    found = stats.bootstrap((values,), np.mean, n_resamples=50_000, method=method, random_state=1, batch=5_000)
    return [float(found.confidence_interval.low), float(found.confidence_interval.high)]


def hodges_lehmann(x, y):
    return float(np.median(np.subtract.outer(x, y)))


ANSWER = {
    "mann_whitney": mann_whitney,
    "counted": counted,
    "quantile": quantile,
    "proportion": proportion,
    "theil_sen": theil_sen,
    "mean_interval": mean_interval,
    "welch": welch,
    "bootstrap": bootstrap,
    "hodges_lehmann": hodges_lehmann,
    "sum": math.fsum,
    "erfc": lambda x: float(special.erfc(x)),
    "normal_quantile": lambda p: float(special.ndtri(p)),
    "student_quantile": lambda p, df: float(stats.t.ppf(p, df)),
    "chi_square_quantile": lambda p, df: float(stats.chi2.ppf(p, df)),
    "binomial": lambda k, n, p: [float(stats.binom.cdf(k, n, p)), float(stats.binom.sf(k - 1, n, p))],
}

json.dump([ANSWER[question](*given) for question, given in json.load(sys.stdin)], sys.stdout)
