"""Documents as one long row of tokens in a file, cut into windows for training."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.data.algebraic_stack import CorpusError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast

DOCUMENTS_AT_ONCE = 256


def pack(
    texts: Iterable[str], tokenizer: PreTrainedTokenizerFast, file: Path, source: dict[str, Any]
) -> None:
    """Writes the tokens of all texts to `file`, each text after an end-of-document token.

    They are little-endian numbers of 2 bytes, or of 4 for a vocabulary above 65,536. Beside it,
    `file` with `.json` says how many there are, their SHA-256 and the `source`, which is anything
    that tells whether they must be made again. A text cannot fake a document's end: the
    tokenizer's end, start and padding marks are cut out of it. Both files appear when complete.
    """
    import numpy as np

    kind = np.dtype("<u2" if len(tokenizer) <= 1 << 16 else "<u4")
    marks = {tokenizer.eos_token, tokenizer.bos_token, tokenizer.pad_token} - {None}
    digest, tokens, documents = sha256(), 0, 0
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".partial")
    try:
        with temporary.open("wb") as out:
            for group in _groups(texts):
                for mark in marks:
                    group = [text.replace(mark, "") for text in group]
                rows = tokenizer(group, add_special_tokens=False)["input_ids"]
                flat = [token for row in rows for token in (tokenizer.eos_token_id, *row)]
                data = np.array(flat, dtype=kind).tobytes()
                out.write(data)
                digest.update(data)
                tokens += len(flat)
                documents += len(group)
        about = {
            "tokens": tokens,
            "documents": documents,
            "bytes_per_token": kind.itemsize,
            "sha256": digest.hexdigest(),
            "source": source,
        }
        _about_file(file).unlink(missing_ok=True)
        os.replace(temporary, file)
        _about_file(file).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    finally:
        temporary.unlink(missing_ok=True)


def _groups(texts: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(texts)
    while group := list(islice(rest, DOCUMENTS_AT_ONCE)):
        yield group


def _about_file(file: Path) -> Path:
    return file.with_suffix(".json")


def packed_from(file: Path) -> dict[str, Any] | None:
    """The `source` that packed this file, if it is there and complete."""
    try:
        source: dict[str, Any] = json.loads(_about_file(file).read_text("utf-8"))["source"]
    except (OSError, ValueError, KeyError):
        return None
    return source if file.is_file() else None


class Windows:
    """A packed file as windows of `length` inputs and their `length` targets."""

    def __init__(self, file: Path, length: int) -> None:
        """Raises `CorpusError` if the file is not what its description says."""
        import numpy as np

        about = json.loads(_about_file(file).read_text("utf-8"))
        if file.stat().st_size != about["tokens"] * about["bytes_per_token"]:
            raise CorpusError(f"{file} is not complete: delete it, and it is made again")
        self.fingerprint: str = about["sha256"]
        self.tokens: int = about["tokens"]
        self.length = length
        kind = np.dtype(f"<u{about['bytes_per_token']}")
        self._tokens = np.memmap(file, kind, "r") if self.tokens else np.zeros(0, kind)

    def __len__(self) -> int:
        return max(0, (self.tokens - 1) // self.length)

    def __getitem__(self, window: int) -> torch.Tensor:
        """Tokens of shape (length + 1,): inputs are all but the last, targets all but the first."""
        import torch

        start = window * self.length
        return torch.from_numpy(self._tokens[start : start + self.length + 1].astype("int64"))


def shuffled(count: int, epoch: int, seed: int) -> torch.Tensor:
    """The order of the windows in an epoch, the same for the same numbers; shape (count,)."""
    import torch

    return torch.randperm(count, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch))


def within_documents(tokens: torch.Tensor, end: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What keeps the documents of a window apart, for tokens of shape (batch, length).

    An attention mask of shape (batch, 1, length, length), true where the row's token may see the
    column's: not later and of the same document, which starts at its `end` token. And positions
    of shape (batch, length), counted from the start of each document.
    """
    import torch

    starts = tokens == end
    document = starts.cumsum(1)
    same = document[:, :, None] == document[:, None, :]
    index = torch.arange(tokens.shape[1], device=tokens.device)
    begins = torch.where(starts, index, 0).cummax(1).values
    return (same & (index[:, None] >= index))[:, None], index - begins
