"""A byte-level BPE tokenizer that never cuts a Lean symbol in two."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prover.errors import WrongUse

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

END, PAD, GOAL, PROOFSTEP = "<|endoftext|>", "<|pad|>", "[GOAL]", "[PROOFSTEP]"
"""The end of a document, padding, and the two marks of a tactic example
`[GOAL]state[PROOFSTEP]tactic` (llmstep, Welleck & Saha 2023, arXiv 2310.18457)."""

SYMBOLS = (
    "∀∃∄λ→←↔↦⇒∧∨¬⊕≤≥≠≡≈≅∼∈∉∋⊆⊂⊇⊃∪∩∖∅×∘⊗∣∤∥ℕℤℚℝℂ𝔽⟨⟩⟪⟫⟦⟧⌊⌋⌈⌉⊢⊣⊤⊥⊔⊓∑∏∫∂√∞·•⋅∙▸✝†"
    "₀₁₂₃₄₅₆₇₈₉ₐₑᵢⱼₖₗₘₙₚᵣₛₜ⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿᵒᶜˣ"
    "αβγδεζηθικμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩ‹›«»…★⁺↑↓⇑↥◁◃▷⊙∎"
)
"""Each is one token, alone and after a space; it never becomes part of a longer token."""

KEYWORDS = (
    *("theorem", "lemma", "example", "by", "fun", "at", "with", "from", "only", "using"),
    *("intro", "intros", "exact", "apply", "refine", "rfl", "simp", "simp_all", "simpa"),
    *("omega", "decide", "grind", "constructor", "cases", "rcases", "obtain", "induction"),
    *("left", "right", "exists", "use", "exfalso", "contradiction", "assumption", "rw"),
    *("rewrite", "have", "show", "suffices", "by_cases", "by_contra", "calc", "ext"),
    *("funext", "congr", "split", "norm_num", "linarith", "nlinarith", "ring", "ring_nf"),
    *("positivity", "field_simp", "push_cast", "norm_cast", "subst", "injection", "unfold"),
    *("dsimp", "change", "specialize", "generalize", "revert", "clear", "next", "case"),
    *("ac_rfl", "bv_decide", "tauto", "aesop", "trivial", "symm", "trans", "subst_vars"),
    "injections",
)
"""Each is one token too, alone, as a tactic begins after `[PROOFSTEP]`, and after a space; but a
longer word may hold it."""

_ALONE = f"⁻¹|[{SYMBOLS}]"
_LETTER = rf"(?:(?![{SYMBOLS}])[\p{{L}}\p{{M}}_])"
_MORE = rf"(?:(?![{SYMBOLS}])[\p{{L}}\p{{M}}\p{{N}}_'!?])"
_PUNCTUATION = rf"(?:(?![{SYMBOLS}])[^\s\p{{L}}\p{{M}}\p{{N}}_])"
PIECES = rf" ?(?:{_ALONE})|[ .]?{_LETTER}{_MORE}*| ?\p{{N}}| ?{_PUNCTUATION}+|\s*\n|\s+(?!\S)|\s"
"""No token crosses the bounds of these: a symbol; a word with its dot, digits and primes, so that
the parts of a Lean name may merge; one digit; punctuation; white space by lines (after GPT-2's
pattern, Radford et al. 2019)."""

_UNITS = (*SYMBOLS, "⁻¹", *KEYWORDS)


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Learns a vocabulary of exactly `vocabulary` tokens from texts.

    Byte-level BPE (Sennrich et al. 2016, arXiv 1508.07909; Radford et al. 2019): any text comes
    back unchanged from decoding. Raises `WrongUse` if the texts are too few for that many
    tokens, or the tokens too few for the symbols.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    specials = [END, PAD, GOAL, PROOFSTEP]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(_with_symbols(texts), trainer)
    found = bpe.get_vocab_size()
    if found != vocabulary:
        raise WrongUse(
            f"the texts give {found} tokens, not {vocabulary}: use more text or a smaller "
            "vocabulary"
        )
    cut = [unit for unit in _UNITS if len(bpe.encode(unit).ids + bpe.encode(f" {unit}").ids) > 2]
    if cut:
        raise WrongUse(
            f"a vocabulary of {vocabulary} has no room for {' '.join(cut)}: use a larger one"
        )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=bpe,
        bos_token=None,
        eos_token=END,
        pad_token=PAD,
        extra_special_tokens=[GOAL, PROOFSTEP],
        clean_up_tokenization_spaces=False,
        padding_side="left",
    )


def _with_symbols(texts: Iterable[str]) -> Iterator[str]:
    """The texts, and every symbol and keyword as often as a frequent token of theirs.

    Symbols stand alone in `PIECES`, so no merge learned from the rest can cut one.
    """
    characters = 0
    for text in texts:
        characters += len(text)
        yield text
    line = "\n".join(_UNITS) + "\n" + " ".join(("", *_UNITS))
    for _ in range(characters // 2000 + 1):
        yield line


def save_tokenizer(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Writes a folder that transformers reads; an older one there is replaced as a whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        tokenizer.save_pretrained(Path(temporary, "new"))
        if folder.exists():
            os.replace(folder, Path(temporary, "old"))
        os.replace(Path(temporary, "new"), folder)


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Reads such a folder. Raises `FileNotFoundError` if it is none."""
    from transformers import PreTrainedTokenizerFast

    if not (folder / "tokenizer.json").is_file():
        raise WrongUse(
            f"{folder} holds no tokenizer (tokenizer.json): train one with `prover train tokenizer`"
        )
    tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
    return tokenizer
