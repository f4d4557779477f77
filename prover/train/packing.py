"""Documents as one long row of tokens in a file, cut into windows for training."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.data.algebraic_stack import CorpusError, language_of, read_one, shard_sizes

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import PreTrainedTokenizerFast

DOCUMENTS_AT_ONCE = 256
BLOCK_BYTES = 1 << 20


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

    kind = _kind(tokenizer)
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
        _finish(temporary, file, tokens, documents, kind, digest.hexdigest(), source)
    finally:
        temporary.unlink(missing_ok=True)


def pack_corpus(
    address: str,
    languages: Sequence[str],
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    jobs: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> None:
    """Packs a corpus (`prover.data.algebraic_stack`) to `train.bin` in a folder, and to
    `validation.bin` if it has that split; what is packed from the same source already stays.

    Each shard is a part of its own, made by one of `jobs` processes. Parts that are complete are
    not made again by the next call after a kill; the files are the same whatever happened, and
    those of `pack`.

    Raises:
        CorpusError: the corpus cannot be read, or a process was killed.
    """
    digest = fingerprint(tokenizer)
    for split in ("train", "validation"):
        try:
            sizes = shard_sizes(address, split)
        except CorpusError:
            if split == "train":
                raise
            continue
        source = {"shards": sizes, "languages": list(languages), "tokenizer": digest}
        file, parts = folder / f"{split}.bin", folder / f"{split}.parts"
        if packed_from(file) == source:
            continue
        made: dict[Path, _Part] = {}
        for shard, size in sizes.items():
            if not languages or language_of(shard) in languages:
                about = {"shard": shard, "bytes": size, "tokenizer": digest}
                made[parts / f"{shard}.bin"] = (address, split, shard, about)
        todo = {part: made[part] for part in made if packed_from(part) != made[part][-1]}
        parts.mkdir(parents=True, exist_ok=True)
        for number, _ in enumerate(_pack_parts(todo, tokenizer, jobs), len(made) - len(todo) + 1):
            report(f"{split}: {number} of {len(made)} shards are packed")
        _join(list(made), file, source, _kind(tokenizer))
        shutil.rmtree(parts)


def fingerprint(tokenizer: PreTrainedTokenizerFast) -> str:
    """What tells a tokenizer from others in the source of packed files: its SHA-256."""
    return sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()


_Part = tuple[str, str, str, dict[str, Any]]
"""What a part is made of: address, split and name of a shard, and what its description says."""


def _pack_parts(
    todo: dict[Path, _Part], tokenizer: PreTrainedTokenizerFast, jobs: int
) -> Iterator[Path]:
    """Makes the parts, and yields each when it is complete."""
    if min(jobs, len(todo)) <= 1:
        for file, part in todo.items():
            yield _pack_part(file, part, tokenizer)
        return
    before = set(multiprocessing.active_children())
    workers = ProcessPoolExecutor(
        min(jobs, len(todo)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(tokenizer,),
    )
    try:
        tasks = [workers.submit(_pack_part, file, part) for file, part in todo.items()]
        for task in as_completed(tasks):
            yield task.result()
    except BrokenProcessPool as error:
        raise CorpusError(
            "a process that packs was killed, perhaps for its memory: start again with fewer --jobs, "
            "and what is packed stays"
        ) from error
    finally:
        workers.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()


_tokenizer: PreTrainedTokenizerFast | None = None


def _begin(tokenizer: PreTrainedTokenizerFast) -> None:
    """A worker: on Ctrl-C its parent ends it, and without a parent it ends itself."""
    global _tokenizer
    _tokenizer = tokenizer
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # there is a process for each core
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _pack_part(file: Path, part: _Part, tokenizer: PreTrainedTokenizerFast | None = None) -> Path:
    address, split, shard, about = part
    texts = (document.text for document in read_one(address, split, shard))
    words = tokenizer or _tokenizer
    assert words is not None
    pack(texts, words, file, about)
    return file


def _join(parts: Sequence[Path], file: Path, source: dict[str, Any], kind: np.dtype[Any]) -> None:
    """Writes packed parts after one another as one file, with its description."""
    digest, tokens, documents = sha256(), 0, 0
    temporary = file.with_suffix(".partial")
    try:
        with temporary.open("wb") as out:
            for part in parts:
                about = json.loads(_about_file(part).read_text("utf-8"))
                tokens += about["tokens"]
                documents += about["documents"]
                with part.open("rb") as data:
                    while block := data.read(BLOCK_BYTES):
                        out.write(block)
                        digest.update(block)
        _finish(temporary, file, tokens, documents, kind, digest.hexdigest(), source)
    finally:
        temporary.unlink(missing_ok=True)


def _kind(tokenizer: PreTrainedTokenizerFast) -> np.dtype[Any]:
    import numpy as np

    return np.dtype("<u2" if len(tokenizer) <= 1 << 16 else "<u4")


def _finish(
    temporary: Path,
    file: Path,
    tokens: int,
    documents: int,
    kind: np.dtype[Any],
    digest: str,
    source: dict[str, Any],
) -> None:
    """Gives a packed file its name, and then its description."""
    about = {
        "tokens": tokens,
        "documents": documents,
        "bytes_per_token": kind.itemsize,
        "sha256": digest,
        "source": source,
    }
    _about_file(file).unlink(missing_ok=True)
    os.replace(temporary, file)
    _about_file(file).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


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
