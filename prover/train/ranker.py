"""Fits a ranker (`prover.generate.ranker`) to the log of searches."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from prover.engine.outcomes import FORMAT as LOG_FORMAT
from prover.errors import WrongUse
from prover.generate.features import Scene
from prover.generate.ranker import BITS, FORMAT, Linear, Ranker, encoded
from search.interfaces import Suggestion

OPEN = 0.25
"""What a tactic counts that went on to goals which the search did not prove: it may have helped."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A tactic that was tried: its features, whether it helped, what that counts, its milliseconds,
    and which goal of which search it was tried on."""

    places: list[int]
    helped: bool
    weight: float
    ms: float
    goal: tuple[str, int, int]


def samples(lines: Iterable[Mapping[str, Any]]) -> Iterator[Sample]:
    """What a log says, a sample for each tactic that was tried.

    Raises:
        WrongUse: a line is none of a log.
    """
    for number, line in enumerate(lines, 1):
        try:
            if line["format"] != LOG_FORMAT:
                raise WrongUse(f"line {number} of the log is of another version of the prover")
            for goal in line["goals"]:
                scene = Scene.from_json(goal["scene"])
                tried = goal["tried"]
                tactics = [
                    Suggestion(t["tactic"], t["logprob"], source=t["source"], prior=t["prior"])
                    for t in tried
                ]
                for places, one in zip(encoded(scene, tactics), tried, strict=True):
                    weight = OPEN if one["helped"] is None else 1.0
                    about = (line["name"], line["seed"], goal["order"])
                    yield Sample(places, bool(one["helped"]), weight, max(0.1, one["ms"]), about)
        except (KeyError, TypeError) as error:
            raise WrongUse(f"line {number} is none of a log of searches ({error!r})") from None


def fit(
    lines: Sequence[Mapping[str, Any]],
    *,
    strength: float = 1.0,
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
) -> Ranker:
    """A ranker fitted to a log. `strength` is the inverse of that of the regularisation, as in
    scikit-learn. A tenth of the searches, by the hash of what they prove, are kept to measure it on;
    what is measured is in `about`.

    Raises:
        WrongUse: the log is none, or has nothing that helped.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.metrics import log_loss, roc_auc_score

    found = list(samples(lines))
    if len({one.helped for one in found}) < 2:
        raise WrongUse("the log has no two tactics of which one helped and one did not")
    kept = np.array([crc32(one.goal[0].encode()) % 10 == 0 for one in found])
    matrix = _matrix(found)
    helped = np.array([one.helped for one in found])
    weights = np.array([one.weight for one in found])
    spent = np.log([one.ms for one in found])
    usual = float(np.median(spent))
    report(f"{len(found)} tactics tried in {len(lines)} searches, {int(helped.sum())} helped")
    helps = LogisticRegression(C=strength, solver="lbfgs", max_iter=300, random_state=seed)
    helps.fit(matrix[~kept], helped[~kept], weights[~kept])
    costs = Ridge(alpha=10.0, solver="sparse_cg", random_state=seed)
    costs.fit(matrix[~kept], spent[~kept] - usual)
    about: dict[str, Any] = {
        "format": FORMAT,
        "helps": {},
        "costs": {"usual_ms": math.exp(usual)},
        "trained on": {"searches": len(lines), "tactics": int((~kept).sum()), "seed": seed},
    }
    if kept.any() and len(set(helped[kept])) == 2:
        rated = helps.predict_proba(matrix[kept])[:, 1]
        rest = spent[kept] - usual - costs.predict(matrix[kept])
        about["measured on"] = {
            "tactics": int(kept.sum()),
            "auc": float(roc_auc_score(helped[kept], rated)),
            "log_loss": float(log_loss(helped[kept], rated, sample_weight=weights[kept])),
            "cost_r2": float(1 - rest.var() / spent[kept].var()),
        }
        report(f"on what was kept: {about['measured on']}")
    linear = []
    for name, model in (("helps", helps), ("costs", costs)):
        values = np.asarray(model.coef_).reshape(-1)
        scale = float(np.abs(values).max() / 127) or 1.0
        about[name] |= {"bias": float(np.ravel(model.intercept_)[0]), "scale": scale}
        small = array("b", np.rint(values / scale).astype(np.int8).tobytes())
        linear.append(Linear(about[name]["bias"], scale, small))
    return Ranker(linear[0], linear[1], about)


def _matrix(found: Sequence[Sample]) -> Any:
    """The features as a sparse matrix of shape (samples, 2**BITS)."""
    import numpy as np
    from scipy.sparse import csr_matrix

    starts = np.cumsum([0, *(len(one.places) for one in found)])
    places = np.fromiter((p for one in found for p in one.places), dtype=np.int32, count=starts[-1])
    ones = np.ones(len(places), dtype=np.float32)
    matrix = csr_matrix((ones, places, starts), shape=(len(found), 1 << BITS))
    matrix.sum_duplicates()
    return matrix
