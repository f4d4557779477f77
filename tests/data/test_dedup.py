import random
from pathlib import Path

import networkx

from prover.data.dedup import NEAR, Duplicate, find_duplicates


def words(seed: int, count: int) -> list[str]:
    rng = random.Random(seed)
    return [f"w{rng.randrange(10_000)}" for _ in range(count)]


def test_equal_texts_keep_the_first() -> None:
    assert find_duplicates(["a", "b", "a", "a"]) == {
        2: Duplicate(0, "exact"),
        3: Duplicate(0, "exact"),
    }


def test_a_few_changed_words_make_a_near_duplicate() -> None:
    first = words(1, 400)
    changed = list(first)
    changed[17] = changed[200] = "new"
    texts = [" ".join(first), " ".join(words(2, 400)), "  ".join(changed)]
    assert find_duplicates(texts) == {2: Duplicate(0, "near")}


def test_other_texts_stay() -> None:
    first = words(1, 400)
    half = first[:200] + words(3, 200)  # a third of the runs of both are shared
    assert find_duplicates([" ".join(first), " ".join(half)]) == {}


def test_pairs_well_above_the_bound_are_found_and_pairs_below_never_are() -> None:
    texts, shared = [], []
    for seed in range(60):
        first = words(seed, 300)
        kept = 150 + 150 * seed // 60
        texts += [" ".join(first), " ".join(first[:kept] + words(1000 + seed, 300 - kept))]
        runs, all_runs = kept - 4, 2 * 296 - (kept - 4)
        shared.append(runs / all_runs)
    found = {position // 2 for position in find_duplicates(texts)}
    assert all(shared[pair] >= NEAR - 0.02 for pair in found)
    assert all(pair in found for pair in range(60) if shared[pair] > 0.9)


def test_real_files_and_copies_with_another_header() -> None:
    files = sorted((Path(networkx.__file__).parent / "algorithms").glob("*.py"))
    texts = [text for file in files if len(text := file.read_text()) > 2000]
    copies = [f"# Copyright somebody else\n{text}" for text in texts[:20]]
    found = find_duplicates(texts + copies)
    assert [found.get(len(texts) + i) for i in range(20)] == [
        Duplicate(i, "near") for i in range(20)
    ]
    assert all(position >= len(texts) for position in found)


def test_the_answer_is_always_the_same() -> None:
    texts = [" ".join(words(seed // 2, 50 + seed)) for seed in range(100)]
    assert find_duplicates(texts) == find_duplicates(list(texts))


def test_short_and_empty_texts() -> None:
    assert find_duplicates([]) == {}
    assert find_duplicates(["", "x", " ", "x y", "y x"]) == {2: Duplicate(0, "near")}
