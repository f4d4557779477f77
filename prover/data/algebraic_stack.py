"""AlgebraicStack, the source code that Llemma was trained on: its languages and its shards.

Azerbayev et al. 2023, "Llemma: an open language model for mathematics", arXiv 2310.10631; the data
are the folder `algebraic-stack` of the dataset EleutherAI/proof-pile-2.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from prover.errors import ProverError

HUB = "hf://datasets/EleutherAI/proof-pile-2/algebraic-stack"
SPLITS = ("train", "validation", "test")
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Language:
    """A language of the corpus.

    `million_tokens` is its size in AlgebraicStack in tokens of Llama 2's tokenizer (Llemma,
    appendix on the composition of AlgebraicStack), which is also its weight: Llemma sampled the
    corpus as it is. `suffixes` are the file names that `prover data build` takes for it.
    """

    million_tokens: float
    suffixes: tuple[str, ...]


LANGUAGES = {
    "agda": Language(35.2, (".agda",)),
    "c": Language(25.1, (".c", ".h")),
    "cpp": Language(954.1, (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx")),
    "coq": Language(281.9, (".v",)),
    "fortran": Language(724.9, (".f", ".f77", ".f90", ".f95", ".f03", ".for")),
    "gap": Language(3.6, (".g", ".gap", ".gd", ".gi")),
    "haskell": Language(9.1, (".hs",)),
    "idris": Language(10.9, (".idr",)),
    "isabelle": Language(1089.7, (".thy",)),
    "julia": Language(531.0, (".jl",)),
    "jupyter-notebook": Language(199.1, (".ipynb",)),
    "lean": Language(285.6, (".lean",)),
    "maple": Language(2.0, (".mpl", ".maple")),
    "matlab": Language(65.8, (".m",)),
    "python": Language(6098.8, (".py",)),
    "r": Language(71.3, (".r", ".R")),
    "tex": Language(567.7, (".tex",)),
}

OTHERS = {"hol-light": Language(0.0, (".ml", ".hl")), "web": Language(0.0, ())}
"""What AlgebraicStack does not hold: a language that `prover data build` takes all the same, and the
pages of `prover data mine`."""

_SHARD = re.compile(
    r"(?:github-)?(?P<language>[A-Za-z]+(?:-notebook|-light)?)(?P<steps>_proofsteps)?"
    r"(?:-(?:train|validation|test))?[-\d]*\.jsonl\.zst"
)
_ALIASES = {"isa": "isabelle"}


@dataclass(frozen=True)
class Document:
    """One text of the corpus, with what its shard says about where it came from."""

    text: str
    language: str
    meta: dict[str, Any]


class CorpusError(ProverError):
    """A corpus that cannot be read; the message says where and what to do."""


def language_of(shard: str) -> str:
    """The language of a shard by its file name: `github-coq-train-0001.jsonl.zst` is `coq`.

    Raises `CorpusError` for other names.
    """
    match = _SHARD.fullmatch(shard)
    name = match["language"].lower() if match else ""
    name = _ALIASES.get(name, name)
    if name not in LANGUAGES and name not in OTHERS:
        raise CorpusError(
            f"{shard} is no shard of AlgebraicStack: names are a language "
            f"({', '.join(LANGUAGES)}), a number and .jsonl.zst"
        )
    return name


def read_corpus(
    source: str, split: str = "train", languages: Collection[str] = ()
) -> Iterator[Document]:
    """All documents of a split, shard by shard in the order of their names.

    `source` is a folder with the folders `train`, `validation` and `test` of `.jsonl.zst` shards,
    here or at any address that fsspec opens, such as `HUB`, which is streamed. No `languages`
    means all. Shards without documents are passed over: AlgebraicStack has some.

    Raises `CorpusError` for a source that cannot be reached, a folder without shards and a shard
    that is not whole, with its line.
    """
    for language in languages:
        if language not in LANGUAGES and language not in OTHERS:
            known = ", ".join([*LANGUAGES, *OTHERS])
            raise CorpusError(f"no language is called {language!r}: {known}")
    files, shards = _shards(source, split)
    for shard in shards:
        if not languages or language_of(shard.rpartition("/")[2]) in languages:
            yield from _documents(files, shard)


def read_one(source: str, split: str, shard: str) -> Iterator[Document]:
    """The documents of one shard, by its file name. Raises `CorpusError` as `read_corpus` does."""
    import fsspec

    try:
        files, root = fsspec.url_to_fs(source)
    except Exception as error:  # each file system has its own
        raise _unreachable(source, error) from error
    yield from _documents(files, f"{root}/{split}/{shard}")


def shard_sizes(source: str, split: str) -> dict[str, int]:
    """The shards of a split with their sizes in bytes, which tell whether they have changed.

    Raises `CorpusError` as `read_corpus` does.
    """
    _, shards = _shards(source, split)
    return {shard.rpartition("/")[2]: about["size"] for shard, about in shards.items()}


def _documents(files: Any, shard: str) -> Iterator[Document]:
    language = language_of(shard.rpartition("/")[2])
    try:
        with files.open(shard, "rb") as file:
            for text, meta in read_shard(file, shard):
                yield Document(text, language, meta)
    except CorpusError:
        raise
    except Exception as error:
        raise _unreachable(shard, error) from error


def _shards(source: str, split: str) -> tuple[Any, dict[str, dict[str, Any]]]:
    import fsspec

    if split not in SPLITS:
        raise CorpusError(f"no split is called {split!r}: {', '.join(SPLITS)}")
    try:
        files, root = fsspec.url_to_fs(source)
        shards = files.glob(f"{root}/{split}/*.jsonl.zst", detail=True)
    except Exception as error:  # each file system has its own
        raise _unreachable(source, error) from error
    if not shards:
        raise CorpusError(f"{source} has no shards {split}/*.jsonl.zst")
    return files, dict(sorted(shards.items()))


def _unreachable(source: str, error: Exception) -> CorpusError:
    hint = (
        "; it needs the Hugging Face hub: where that cannot be reached, download the folder "
        "elsewhere (`hf download EleutherAI/proof-pile-2 --repo-type dataset --include "
        "'algebraic-stack/*'`) and give its path, or build a corpus with `prover data build`"
    )
    return CorpusError(
        f"{source} cannot be read ({type(error).__name__}: {error})"
        + (hint if source.startswith("hf:") or "proof-pile-2" in source else "")
    )


def read_shard(file: IO[bytes], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The texts of a shard (JSON lines with `text` and `meta`, zstandard), with their `meta`.

    `meta` differs from family to family and may be missing or itself be JSON in a string. Raises
    `CorpusError`, with the shard's name and the line, for anything else.
    """
    for line, raw in read_lines(file, name):
        yield _row(raw, name, line)


def read_lines(file: IO[bytes], name: str) -> Iterator[tuple[int, bytes]]:
    """The lines of a shard that are not blank, with their numbers from 1. By its name it is plain
    (`.jsonl`), gzip (`.gz`) or zstandard.

    Raises `CorpusError`, with the name and the line, where it cannot be decompressed.
    """
    import zstandard

    line = 0
    rest = b""
    try:
        for block in _blocks(file, name):
            *whole, rest = (rest + block).split(b"\n")
            for raw in whole:
                line += 1
                if raw.strip():
                    yield line, raw
    except (zstandard.ZstdError, zlib.error, gzip.BadGzipFile, EOFError) as error:
        raise _corrupt(name, line + 1, str(error)) from error
    if rest.strip():
        yield line + 1, rest


def write_shard(file: Path, documents: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Writes texts and their `meta` as a shard, for `read_shard`."""
    import zstandard

    lines = io.StringIO()
    for text, meta in documents:
        lines.write(json.dumps({"text": text, "meta": meta}, ensure_ascii=False) + "\n")
    compressor = zstandard.ZstdCompressor(level=9, threads=0)
    file.write_bytes(compressor.compress(lines.getvalue().encode()))


def _blocks(file: IO[bytes], name: str) -> Iterator[bytes]:
    if not name.endswith((".jsonl", ".gz")):
        return _decompress(file)
    plain = gzip.GzipFile(fileobj=file) if name.endswith(".gz") else file
    return iter(lambda: plain.read(READ_BYTES), b"")


def _decompress(file: IO[bytes]) -> Iterator[bytes]:
    import zstandard

    frame = None
    while block := file.read(READ_BYTES):
        while block:
            if frame is None or frame.eof:
                frame = zstandard.ZstdDecompressor().decompressobj()
            yield frame.decompress(block)
            block = frame.unused_data
    if frame is None or not frame.eof:
        raise EOFError("the file ends too early")


def _row(raw: bytes, name: str, line: int) -> tuple[str, dict[str, Any]]:
    try:
        row = json.loads(raw)
        text, meta = row["text"], row.get("meta") or {}
        meta = json.loads(meta) if isinstance(meta, str) else meta
        if not (isinstance(text, str) and isinstance(meta, dict)):
            raise TypeError("text is not a string or meta not an object")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _corrupt(name, line, f"not a JSON object with a text: {error!r}") from error
    return text, meta


def _corrupt(name: str, line: int, why: str) -> CorpusError:
    return CorpusError(f"{name}, line {line}: the shard is corrupt ({why}); fetch it again")
