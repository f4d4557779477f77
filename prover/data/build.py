"""Builds a corpus like AlgebraicStack from folders of source code."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prover.data.algebraic_stack import (
    LANGUAGES,
    OTHERS,
    SPLITS,
    CorpusError,
    read_corpus,
    write_shard,
)
from prover.data.decontaminate import Benchmark
from prover.data.dedup import find_duplicates
from prover.data.source_filters import notebook_to_markdown, rejection

SHARD_DOCUMENTS = 50_000
HELD_OUT = 0.005
"""The share of each language in `validation`, and again in `test`; both as in Llemma."""
REPORT = "report.json"

_LANGUAGE_OF = {
    suffix: name for name, language in (LANGUAGES | OTHERS).items() for suffix in language.suffixes
}


@dataclass
class Counts:
    """What became of the files of one language: `read` is `kept` and all of `dropped` together."""

    read: int = 0
    kept: int = 0
    kept_bytes: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _File:
    text: str
    repository: str
    path: str


def build_corpus(
    folders: Sequence[Path], out: Path, benchmark: Benchmark | None = None, seed: int = 74
) -> dict[str, Counts]:
    """Writes `train`, `validation` and `test` shards and `report.json` into `out`.

    Files are taken by their suffix, filtered (`source_filters`), freed of duplicates and, if a
    benchmark is given, of its problems, and shuffled by `seed`. The same folders give the same
    bytes. `out` appears when all of it is written, and replaces an earlier corpus as a whole.

    Raises `CorpusError` if a folder does not exist, if nothing is kept, or if `out` is in use for
    something else.
    """
    for folder in folders:
        if not folder.is_dir():
            raise CorpusError(f"{folder} is no folder")
    if out.exists() and not (out / REPORT).is_file() and (out.is_file() or any(out.iterdir())):
        raise CorpusError(f"{out} exists and is no corpus: choose another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    counts: dict[str, Counts] = {}
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
        new = Path(temporary, "new")
        for split in SPLITS:
            (new / split).mkdir(parents=True)
        paths = _paths(folders)
        for language in sorted(paths):
            counts[language] = Counts(read=len(paths[language]))
            files = list(_accepted(language, paths[language], benchmark, counts[language].dropped))
            counts[language].kept = len(files)
            counts[language].kept_bytes = sum(len(file.text.encode()) for file in files)
            random.Random(f"{seed} {language}").shuffle(files)
            _write(new, language, files)
        if not any(count.kept for count in counts.values()):
            raise CorpusError(f"no file is left of {sum(c.read for c in counts.values())}")
        _check(new, counts)
        report = {language: vars(count) for language, count in counts.items()}
        text = json.dumps({"seed": seed, "languages": report}, indent=1, sort_keys=True)
        (new / REPORT).write_text(text + "\n", encoding="utf-8")
        if out.exists():
            os.replace(out, Path(temporary, "old"))
        os.replace(new, out)
    return counts


def _paths(folders: Sequence[Path]) -> dict[str, list[tuple[Path, Path]]]:
    """The files of each language with the folder they were found in, in a fixed order."""
    found: dict[str, list[tuple[Path, Path]]] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            language = _LANGUAGE_OF.get(path.suffix)
            if language and path.is_file() and not path.is_symlink():
                found.setdefault(language, []).append((folder, path))
    return found


def _accepted(
    language: str,
    paths: Sequence[tuple[Path, Path]],
    benchmark: Benchmark | None,
    dropped: Counter[str],
) -> Iterator[_File]:
    files = []
    for folder, path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            dropped["not UTF-8"] += 1
            continue
        inside = path.relative_to(folder).as_posix()
        repository = folder.resolve().name
        if reason := rejection(language, text, inside, repository):
            dropped[reason] += 1
            continue
        if language == "jupyter-notebook":
            text = notebook_to_markdown(text) or ""
        files.append(_File(text, repository, inside))
    duplicates = find_duplicates([file.text for file in files])
    for position, file in enumerate(files):
        if position in duplicates:
            dropped[f"{duplicates[position].kind} duplicate"] += 1
        elif benchmark and (hit := benchmark.hit(file.text)):
            dropped[f"benchmark problem ({hit.rule})"] += 1
        else:
            yield file


def _write(folder: Path, language: str, files: Sequence[_File]) -> None:
    held_out = max(1, int(HELD_OUT * len(files))) if len(files) >= 3 else 0
    train = len(files) - 2 * held_out
    bounds = {
        "train": (0, train),
        "validation": (train, train + held_out),
        "test": (train + held_out, len(files)),
    }
    for split, (start, end) in bounds.items():
        for shard, at in enumerate(range(start, end, SHARD_DOCUMENTS)):
            some = files[at : min(at + SHARD_DOCUMENTS, end)]
            documents = ((f.text, {"repo": f.repository, "path": f.path}) for f in some)
            write_shard(folder / split / f"{language}{shard:04}.jsonl.zst", documents)


def _check(folder: Path, counts: dict[str, Counts]) -> None:
    """Reads everything back and compares the numbers."""
    written: Counter[str] = Counter()
    for split in SPLITS:
        if any((folder / split).iterdir()):
            written.update(doc.language for doc in read_corpus(str(folder), split))
    for language, count in counts.items():
        if written[language] != count.kept or count.read != count.kept + count.dropped.total():
            raise AssertionError(f"{language}: {count} but {written[language]} written")
