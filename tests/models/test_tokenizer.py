import unicodedata
from pathlib import Path

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from prover.errors import WrongUse
from prover.models.tokenizer import (
    END,
    GOAL,
    KEYWORDS,
    PAD,
    PROOFSTEP,
    SYMBOLS,
    load_tokenizer,
    save_tokenizer,
    train_tokenizer,
)

ROOT = Path(__file__).parents[2]
USUAL = "∀ ∃ λ → ← ↔ ∧ ∨ ¬ ≤ ≥ ≠ ∈ ∉ ⊆ ∩ ∪ ∅ ℕ ℤ ℚ ℝ ℂ ⟨ ⟩ ⊢ ∑ ∏ ∣ · • ∘ ↑ ▸ ₀ ₁ ₂ ₃ ₉ ¹ ² ³ ⁻¹ α β γ σ ε π"
VOCABULARY = 2048


def texts() -> list[str]:
    files = sorted((ROOT / "search").glob("*.py")) + sorted(
        Path(networkx.__file__).parent.glob("algorithms/*.py")
    )
    return [file.read_text() for file in [ROOT / "lean_project" / "Gym.lean", *files]]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(texts(), VOCABULARY)


def pieces(tokenizer: PreTrainedTokenizerFast, text: str) -> list[str]:
    return [str(tokenizer.decode([token])) for token in tokenizer(text)["input_ids"]]


@pytest.mark.parametrize("symbol", USUAL.split())
def test_a_lean_symbol_is_one_token(tokenizer: PreTrainedTokenizerFast, symbol: str) -> None:
    assert pieces(tokenizer, symbol) == [symbol]
    assert pieces(tokenizer, f" {symbol}") == [f" {symbol}"]


def test_a_tactic_begins_with_one_token(tokenizer: PreTrainedTokenizerFast) -> None:
    for word in KEYWORDS:
        assert pieces(tokenizer, f"[PROOFSTEP]{word} at h")[1] == word
        assert pieces(tokenizer, f"· {word}\n")[1] == f" {word}"


@given(st.lists(st.sampled_from(sorted({*SYMBOLS, "a", " ", "h", ".", "\n", "é", "ₓ"}))))
@settings(max_examples=200, deadline=None)
def test_no_neighbour_makes_a_symbol_fall_apart(
    tokenizer: PreTrainedTokenizerFast, letters: list[str]
) -> None:
    text = "".join(letters)
    parts = pieces(tokenizer, text)
    assert sum(text.count(symbol) for symbol in SYMBOLS) == sum(
        part.count(symbol) for part in parts for symbol in SYMBOLS
    )


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_text_comes_back(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    text = "".join(c for c in text if unicodedata.category(c) != "Cs")
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_a_goal_reads_as_expected(tokenizer: PreTrainedTokenizerFast) -> None:
    parts = pieces(tokenizer, "[GOAL]h₀ : ∀ n, n ≤ 12\n⊢ x⁻¹ = 1[PROOFSTEP]rfl<|endoftext|>")
    assert "".join(parts).startswith("[GOAL]h₀ : ∀")
    assert {"[GOAL]", "[PROOFSTEP]", "<|endoftext|>", "₀", " ∀", " ≤", "⊢", "⁻¹"} <= set(parts)
    assert "12" not in parts  # digits stand alone


def test_names_may_merge_across_their_parts(tokenizer: PreTrainedTokenizerFast) -> None:
    text = (ROOT / "lean_project" / "Gym.lean").read_text()
    assert len(tokenizer(text)["input_ids"]) < len(text) / 2


def test_the_special_tokens_are_there(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.eos_token == END
    assert tokenizer.pad_token == PAD
    assert tokenizer.convert_tokens_to_ids([END, PAD, GOAL, PROOFSTEP]) == [0, 1, 2, 3]
    assert len(tokenizer) == VOCABULARY


def test_it_is_saved_and_loaded_whole(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    for _ in range(2):  # also over an older one
        save_tokenizer(tokenizer, tmp_path / "saved")
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]
    again = load_tokenizer(tmp_path / "saved")
    text = f"[GOAL]x : ℕ\n⊢ x = x[PROOFSTEP]rfl{END}"
    assert again(text)["input_ids"] == tokenizer(text)["input_ids"]
    assert (again.eos_token, again.pad_token, again.padding_side) == (END, PAD, "left")


def test_the_same_texts_give_the_same_tokenizer(tokenizer: PreTrainedTokenizerFast) -> None:
    again = train_tokenizer(texts(), VOCABULARY)
    assert again.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()


def test_too_little_text_is_an_error() -> None:
    with pytest.raises(WrongUse, match="more text or a smaller vocabulary"):
        train_tokenizer(["theorem t : 1 = 1"], 4096)


def test_too_small_a_vocabulary_is_an_error() -> None:
    with pytest.raises(WrongUse, match="no room for"):
        train_tokenizer(texts(), 300)


def test_a_folder_without_a_tokenizer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="prover train tokenizer"):
        load_tokenizer(tmp_path)
