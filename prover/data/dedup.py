"""Exact and near duplicates among texts.

Near ones by MinHash (Broder 1997) with locality-sensitive hashing, in the proportions of FineWeb
(Penedo et al. 2024, arXiv 2406.17557): 14 bands of 8 hashes over runs of 5 words, which finds
pairs that share about 0.75 of their runs. Every candidate is then compared for real. The sketches
come from rensa: compiled, without dependencies of its own, where datasketch would bring scipy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Literal, NamedTuple

BANDS, HASHES_PER_BAND, RUN = 14, 8, 5
NEAR = 0.75
SEED = 1


class Duplicate(NamedTuple):
    """Why a text is superfluous: the earlier, kept text `of` is equal or nearly so."""

    of: int
    kind: Literal["exact", "near"]


def find_duplicates(texts: Sequence[str]) -> dict[int, Duplicate]:
    """The texts that repeat an earlier one, by position; what is not in it is kept.

    Two texts are near duplicates if their sets of 5 consecutive words (of a shorter text: the
    whole) have a Jaccard index of at least `NEAR`. The same texts in the same order always give
    the same answer.
    """
    from rensa import RMinHash, RMinHashLSH

    permutations = BANDS * HASHES_PER_BAND
    index = RMinHashLSH(threshold=NEAR, num_perm=permutations, num_bands=BANDS)
    first_with: dict[bytes, int] = {}
    found: dict[int, Duplicate] = {}
    for position, text in enumerate(texts):
        earlier = first_with.setdefault(
            sha256(text.encode("utf-8", "surrogatepass")).digest(), position
        )
        if earlier != position:
            found[position] = Duplicate(earlier, "exact")
            continue
        runs = _runs(text)
        sketch = RMinHash(num_perm=permutations, seed=SEED)
        sketch.update(sorted(runs))
        for candidate in sorted(index.query(sketch)):
            if _jaccard(runs, _runs(texts[candidate])) >= NEAR:
                found[position] = Duplicate(candidate, "near")
                break
        else:
            index.insert(position, sketch)
    return found


def _runs(text: str) -> set[str]:
    words = re.findall(r"\w+|[^\w\s]", text)
    if len(words) <= RUN:
        return {" ".join(words)}
    return {" ".join(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}


def _jaccard(first: set[str], second: set[str]) -> float:
    return len(first & second) / len(first | second)
