import io
import json
from pathlib import Path
from typing import Any

import fsspec
import pytest
import zstandard

from prover.data.algebraic_stack import (
    HUB,
    LANGUAGES,
    CorpusError,
    language_of,
    read_corpus,
    read_shard,
)

EMPTY_SHARD = bytes.fromhex("28b52ffd2400010000" + "99e9d851")
"""What AlgebraicStack's 13-byte shards are: a zstandard frame of nothing."""

STACK = {"hexsha": "ab", "size": 3, "ext": "v", "max_stars_count": None, "num_tokens": 5}
GITHUB = {"author": "a", "repo": "b", "sha": "c", "save_path": "d", "path": "e.v"}


def shard(*rows: object) -> bytes:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return zstandard.compress(text.encode())


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A small copy of the published layout, with its families of shards."""
    files = {
        "train/agda0000.jsonl.zst": shard({"text": "module A", "meta": STACK}),
        "train/github-coq-train-0000.jsonl.zst": shard(
            {"text": "Qed. ∀", "meta": GITHUB}, {"text": "two", "meta": GITHUB}
        ),
        "train/github-coq-train-0001.jsonl.zst": EMPTY_SHARD,
        "train/isa_proofsteps.jsonl.zst": shard({"text": "[STATEMENT] x"}),
        "train/lean_proofsteps.jsonl.zst": shard(
            {"text": "[GOAL]\n⊢ p\n[PROOFSTEP]\nrfl", "meta": {"mathlib_filename": "M.lean"}}
        ),
        "train/cpp0004.jsonl.zst": shard({"text": "c", "meta": json.dumps(STACK)}),
        "validation/agda-validation.jsonl.zst": shard({"text": "held out", "meta": None}),
        "test/github-MATLAB-test-0000.jsonl.zst": shard({"text": "x = 1;", "meta": GITHUB}),
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_all_families_of_shards_are_read(corpus: Path) -> None:
    documents = list(read_corpus(str(corpus)))
    assert [(d.language, d.text) for d in documents] == [
        ("agda", "module A"),
        ("cpp", "c"),
        ("coq", "Qed. ∀"),
        ("coq", "two"),
        ("isabelle", "[STATEMENT] x"),
        ("lean", "[GOAL]\n⊢ p\n[PROOFSTEP]\nrfl"),
    ]
    assert [d.meta for d in documents] == [
        STACK,
        STACK,
        GITHUB,
        GITHUB,
        {},
        {"mathlib_filename": "M.lean"},
    ]


def test_splits_and_languages_are_chosen(corpus: Path) -> None:
    def texts(**chosen: Any) -> list[str]:
        return [d.text for d in read_corpus(str(corpus), **chosen)]

    assert texts(split="validation") == ["held out"]
    assert texts(split="test") == ["x = 1;"]
    assert texts(languages=["lean", "agda"]) == ["module A", "[GOAL]\n⊢ p\n[PROOFSTEP]\nrfl"]


def test_a_corpus_is_streamed_from_any_address(corpus: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(f"{corpus}/train", "/pile/train", recursive=True)
    local = [d.text for d in read_corpus(str(corpus))]
    assert [d.text for d in read_corpus("memory://pile")] == local


def test_the_published_names_are_known() -> None:
    stack = "agda c cpp fortran gap haskell idris julia jupyter-notebook maple python r tex"
    for language in stack.split():
        assert language_of(f"{language}0000.jsonl.zst") == language
        assert language_of(f"{language}-validation.jsonl.zst") == language
    for language in ("coq", "isabelle", "lean"):
        assert language_of(f"github-{language}-train-0002.jsonl.zst") == language
        assert language_of(f"github-{language}-test-0000.jsonl.zst") == language
    with pytest.raises(CorpusError, match="no shard of AlgebraicStack"):
        language_of("arXiv_000.jsonl.zst")


def test_the_published_token_counts_add_up() -> None:
    assert len(LANGUAGES) == 17
    assert sum(x.million_tokens for x in LANGUAGES.values()) == pytest.approx(10_955.7, abs=0.2)


GOOD = shard({"text": "one"}, {"text": "two"}, {"text": "three"})


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        (b"", 1, "ends too early"),
        (b"{}", 1, "Unknown frame descriptor"),
        (GOOD[:-6], 1, "ends too early"),
        (shard({"text": "a"}) + GOOD[:-6], 2, "ends too early"),
        (shard({"text": "a"}) + b"rubbish", 2, "Unknown frame descriptor"),
        (shard({"text": "a"}, {"txt": "b"}), 2, "KeyError"),
        (shard({"text": "a"}, {"text": 3}), 2, "not a string"),
        (shard({"text": "a"}, ["b"]), 2, "TypeError"),
        (shard({"text": "a", "meta": "{"}), 1, "JSONDecodeError"),
        (zstandard.compress(b'{"text": "a"}\n{"text": "b'), 2, "JSONDecodeError"),
        (zstandard.compress(b'{"text": "a"}\n{"text": "\xff"}\n'), 2, "UnicodeDecodeError"),
    ],
)
def test_a_corrupt_shard_is_named_with_its_line(content: bytes, line: int, why: str) -> None:
    with pytest.raises(CorpusError, match=rf"s\.jsonl\.zst, line {line}: .*corrupt .*{why}"):
        list(read_shard(io.BytesIO(content), "s.jsonl.zst"))


def test_what_comes_before_the_damage_is_still_read() -> None:
    rows = read_shard(io.BytesIO(shard({"text": "a"}) + GOOD[:-6]), "s")
    assert next(rows) == ("a", {})


@pytest.mark.parametrize("content", [EMPTY_SHARD, EMPTY_SHARD + GOOD, GOOD + EMPTY_SHARD])
def test_empty_frames_are_no_damage(content: bytes) -> None:
    texts = [text for text, _ in read_shard(io.BytesIO(content), "s")]
    assert texts == ([] if content == EMPTY_SHARD else ["one", "two", "three"])


def test_a_shard_larger_than_a_block_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prover.data.algebraic_stack.READ_BYTES", 7)
    texts = [f"∀ {i}" for i in range(500)]
    rows = read_shard(io.BytesIO(shard(*({"text": t} for t in texts))), "s")
    assert [text for text, _ in rows] == texts


def test_wrong_questions_are_answered_with_the_right_ones(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"'rust'.*agda"):
        list(read_corpus(str(corpus), languages=["rust"]))
    with pytest.raises(CorpusError, match=r"'dev'.*train, validation, test"):
        list(read_corpus(str(corpus), split="dev"))
    with pytest.raises(CorpusError, match="has no shards"):
        list(read_corpus(str(tmp_path / "nowhere")))


def test_an_unreachable_hub_says_what_to_do_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", "http://127.0.0.1:9")
    fsspec.get_filesystem_class("hf").clear_instance_cache()
    with pytest.raises(CorpusError, match=r"hub.*download the folder elsewhere.*prover data build"):
        list(read_corpus(HUB))
