"""Benchmarks of Lean statements: the copies that exist, read into one schema, and how two differ.

A layout is known by its content:

- folders of Lean files (yangky11/miniF2F-lean4, trishullab/PutnamBench), or one such file;
- JSON lines with `formal_statement` and `header` (deepseek-ai/DeepSeek-Prover-V1.5, whose miniF2F
  Goedel-LM/Goedel-Prover-V2 repaired in the same layout; its ProofNet);
- JSON lines, or a Parquet file, with the header inside `formal_statement` (AI-MO/minif2f_test);
- JSON lines with `name` and `statement`, which is what `write_benchmark` writes.

Text in words comes with some of them, or from a folder of facebookresearch/miniF2F (`informal/`).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from prover.api import Prover, StatementError
from prover.errors import ProverError
from prover.lean.embedded import cache_folder
from prover.lean.source import bare
from prover.lean.syntax import NAME, SPELLINGS, TOKEN

CORE_HEADER = 'notation "ℕ" => Nat\nnotation "ℤ" => Int\n'
"""Stands before a statement in place of `import Mathlib`: what many statements need of it."""

GITHUB = "https://github.com"
SECONDS = 60.0


class BenchmarkError(ProverError):
    """A benchmark that cannot be had or read. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Theorem:
    """A statement of a benchmark, without `:= by sorry`; `header` stands before it. `copy` names
    the layout it was read from, `split` is `valid` or `test`."""

    name: str
    statement: str
    header: str = ""
    split: str = "test"
    informal_statement: str = ""
    informal_proof: str = ""
    copy: str = "own"

    @property
    def sha256(self) -> str:
        """Of the statement in UTF-8."""
        return hashlib.sha256(self.statement.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a benchmark lives: a path in a GitHub repository at a commit, or a dataset of the
    Hugging Face hub at a revision (no path)."""

    repository: str
    revision: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.repository} at {self.revision[:7]}"


SOURCES = {
    "minif2f": Source(
        "yangky11/miniF2F-lean4", "5746b7d6c47855ce1294bed87329618ff7f1bc31", "MiniF2F"
    ),
    "minif2f-deepseek": Source(
        "deepseek-ai/DeepSeek-Prover-V1.5",
        "2c4ba9119eef74d0d611f494261b2c5bae98c69a",
        "datasets/minif2f.jsonl",
    ),
    "minif2f-goedel": Source(
        "Goedel-LM/Goedel-Prover-V2",
        "357c1fa482c8dc7637569e724ea9870e4cde9cdf",
        "dataset/minif2f.jsonl",
    ),
    "minif2f-ai-mo": Source("AI-MO/minif2f_test", "5def318348521dfc34875045a9ecddf729a2b49f"),
    "minif2f-informal": Source(
        "facebookresearch/miniF2F", "e4f113090ad82d64f8ce064d2f55b613a9b6bded", "informal"
    ),
    "proofnet": Source(
        "deepseek-ai/DeepSeek-Prover-V1.5",
        "2c4ba9119eef74d0d611f494261b2c5bae98c69a",
        "datasets/proofnet.jsonl",
    ),
    "putnambench": Source("trishullab/PutnamBench", "3c9b926", "lean4/src"),
}

# Reading


def load_benchmark(where: str, informal: str | None = None) -> list[Theorem]:
    """The statements of a benchmark: one of `SOURCES`, fetched once, or a path. `informal`, also a
    name or a path, adds text in words.

    Raises:
        BenchmarkError: it cannot be fetched or read, or holds no statement.
    """
    theorems = _numbered(_read(_locate(where)))
    if not theorems:
        raise BenchmarkError(f"{where} holds no statement")
    if informal is not None:
        words = _read_informal(_locate(informal))
        theorems = [replace(theorem, **words.get(theorem.name.lower(), {})) for theorem in theorems]
    return theorems


def write_benchmark(path: Path, theorems: Iterable[Theorem]) -> None:
    """Writes JSON lines in the one schema, whole or not at all."""
    from prover.files import write_jsonl

    write_jsonl(path, map(to_row, theorems))


def to_row(theorem: Theorem) -> dict[str, Any]:
    """The statement in the one schema."""
    return {
        "name": theorem.name,
        "split": theorem.split,
        "header": theorem.header,
        "statement": theorem.statement,
        "informal_statement": theorem.informal_statement,
        "informal_proof": theorem.informal_proof,
        "copy": theorem.copy,
        "statement_sha256": theorem.sha256,
    }


def digest(theorems: Iterable[Theorem]) -> str:
    """The SHA-256 of all names, headers and statements in order, whatever file they came from."""
    lines = (json.dumps([t.name, t.header, t.statement], ensure_ascii=False) for t in theorems)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def core(theorem: Theorem) -> Theorem:
    """The statement over core Lean's own `ℕ` and `ℤ`, without Mathlib."""
    return replace(theorem, header=CORE_HEADER)


def _locate(where: str) -> Path:
    path = Path(where)
    if path.exists():
        return path
    if where.lower() in SOURCES:
        return fetch(where.lower())
    raise BenchmarkError(f"{where} is neither a file or folder nor one of {', '.join(SOURCES)}")


def _read(path: Path) -> list[Theorem]:
    try:
        if path.is_dir():
            return _read_folder(path)
        if path.suffix == ".lean":
            return list(_theorems(path.read_text("utf-8"), path, "lean"))
        return [_theorem(row, place) for row, place in _rows(path)]
    except UnicodeDecodeError as error:
        raise BenchmarkError(f"{path} is not UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise BenchmarkError(f"cannot read {path}: {error.strerror}") from None


def _read_folder(folder: Path) -> list[Theorem]:
    theorems: list[Theorem] = []
    for file in sorted(folder.rglob("*.lean")):
        if not any(part.startswith(".") for part in file.relative_to(folder).parts):
            theorems += _theorems(file.read_text("utf-8"), file, "lean")
    if not theorems and next(folder.rglob("*.json"), None) is not None:
        raise BenchmarkError(
            f"{folder} holds text in words only: give it as --informal, beside statements"
        )
    return theorems


def _rows(path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects of a file of JSON lines, of a JSON list or of a Parquet file, with their places."""
    if path.suffix == ".parquet":
        try:
            from pyarrow import parquet
        except ImportError:
            raise BenchmarkError(f"{path}: pip install pyarrow to read Parquet files") from None
        for number, row in enumerate(parquet.read_table(path).to_pylist(), 1):
            yield row, f"{path}, row {number}"
        return
    text = path.read_text("utf-8")
    if text.lstrip().startswith("["):
        try:
            rows = json.loads(text)
        except ValueError as error:
            raise BenchmarkError(f"{path}: {error}") from None
        for number, row in enumerate(rows, 1):
            yield row, f"{path}, entry {number}"
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            place = f"{path}, line {number}"
            try:
                yield json.loads(line), place
            except ValueError as error:
                raise BenchmarkError(f"{place}: {error}") from None


def _theorem(row: Any, place: str) -> Theorem:
    """A row of one of the layouts."""

    def text(key: str) -> str:
        value = row.get(key) or ""
        if not isinstance(value, str):
            raise BenchmarkError(f"{place}: {key} is no text")
        return value

    if not isinstance(row, dict):
        raise BenchmarkError(f"{place}: not an object")
    name, split = text("name"), _split(text("split"))
    if name and text("statement").strip():
        return Theorem(
            name,
            bare(text("statement")),
            text("header"),
            split,
            text("informal_statement"),
            text("informal_proof"),
            text("copy") or "own",
        )
    if not name or not text("formal_statement").strip():
        raise BenchmarkError(
            f"{place}: no statement; a row needs `name`, and `statement` or `formal_statement`"
        )
    words = _words(text("informal_prefix"))
    if "header" in row:
        copy, header, statement = "deepseek", text("header"), text("formal_statement")
        return Theorem(name, bare(statement).strip(), header.strip(), split, words, copy=copy)
    found = list(_theorems(text("formal_statement"), Path(name), "ai-mo"))
    if not found:
        raise BenchmarkError(f"{place}: no theorem in `formal_statement`")
    last = found[-1]
    words = words or last.informal_statement
    return replace(last, name=name, split=split, informal_statement=words)


DECLARATION = re.compile(
    r"^(?:(?:@\[[^\]]*\]|private|protected|noncomputable)\s+)*(?:theorem|lemma)\s+(\S+)",
    re.MULTILINE,
)
_DOCSTRING = re.compile(r"/--((?:(?!-/).)*)-/\s*\Z", re.DOTALL)
_ANSWER = re.compile(r":=[ \t]*sorry[ \t]*\n((?:[ \t]*--[^\n]*\n)+)")
_BRACKETS = {"(": 1, "[": 1, "{": 1, "⦃": 1, "⟨": 1, ")": -1, "]": -1, "}": -1, "⦄": -1, "⟩": -1}


def _theorems(text: str, path: Path, copy: str) -> Iterator[Theorem]:
    """The theorems of a Lean file. An answer that PutnamBench keeps in a comment below its
    `abbrev … := sorry` is put in its place."""
    text = _ANSWER.sub(
        lambda m: ":= " + re.sub(r"^[ \t]*--[ \t]?", "  ", m[1], flags=re.MULTILINE).lstrip(), text
    )
    starts = list(DECLARATION.finditer(text))
    split = next((s for p in reversed(path.parts[:-1]) if (s := _SPLITS.get(p.lower()))), "")
    split = split or _SPLITS.get(path.stem.lower(), "test")
    header = ""
    for number, start in enumerate(starts):
        end = starts[number + 1].start() if number + 1 < len(starts) else len(text)
        body = text[start.start() : end]
        if number + 1 < len(starts):
            body = _DOCSTRING.sub("", body)
        before = text[starts[number - 1].start() if number else 0 : start.start()]
        doc = _DOCSTRING.search(before)
        if number == 0:
            header = before[: doc.start()] if doc else before
        statement = bare(body).strip()
        if statement == body.strip():
            statement = _until_proof(body)
        words = doc[1].strip() if doc else ""
        name = start[1].split(".{")[0]
        yield Theorem(name, statement, header.strip(), split, words, copy=copy)


def _until_proof(body: str) -> str:
    """A declaration up to the first `:=` that stands in no bracket."""
    depth = 0
    for at, character in enumerate(body):
        depth += _BRACKETS.get(character, 0)
        if depth == 0 and body.startswith(":=", at):
            return body[:at].strip()
    return body.strip()


_SPLITS = {
    "test": "test",
    "train": "test",  # AI-MO's only split holds miniF2F's test
    "valid": "valid",
    "validation": "valid",
    "dev": "valid",
}


def _split(name: str) -> str:
    return _SPLITS.get(name.lower(), name or "test")


def _words(prefix: str) -> str:
    return prefix.strip().removeprefix("/--").removesuffix("-/").strip()


def _numbered(theorems: Sequence[Theorem]) -> list[Theorem]:
    """Names that come again get a number: ProofNet's are those of exercises of many books."""
    seen: Counter[str] = Counter()
    found = []
    for theorem in theorems:
        seen[theorem.name] += 1
        count = seen[theorem.name]
        found.append(replace(theorem, name=f"{theorem.name}#{count}") if count > 1 else theorem)
    return found


def _read_informal(path: Path) -> dict[str, dict[str, str]]:
    """Text in words by name in lower case: of facebookresearch/miniF2F, or of any file with it."""
    found = {}
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    for file in files:
        try:
            text = file.read_text("utf-8")
            rows = [json.loads(text)] if path.is_dir() else [row for row, _ in _rows(file)]
            for row in rows:
                name = row.get("problem_name") or row["name"]
                found[name.lower()] = {
                    key: row.get(key) or "" for key in ("informal_statement", "informal_proof")
                }
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise BenchmarkError(f"{file} holds no text in words ({error!r})") from None
    if not found:
        raise BenchmarkError(f"{path} holds no text in words")
    return found


# Fetching


def fetch(name: str) -> Path:
    """Where a benchmark of `SOURCES` is kept; it is fetched the first time.

    Raises:
        BenchmarkError: it cannot be reached.
    """
    source = SOURCES[name]
    place = cache_folder() / "benchmarks" / f"{name}-{source.revision[:12]}"
    if place.exists():
        return next(place.iterdir())
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{name}-") as folder:
        made = Path(folder) / "made"
        made.mkdir()
        try:
            if source.path:
                _fetch_from_github(source, made)
            else:
                _fetch_from_hub(source, made)
        except (OSError, EOFError, tarfile.TarError, ImportError) as error:
            raise BenchmarkError(
                f"{name} lives in {source.repository}, which cannot be reached ({error}): get it "
                "elsewhere, and give the path of its file or folder in place of its name"
            ) from None
        if next(made.iterdir(), None) is None:
            raise BenchmarkError(f"{source} has no {source.path}")
        os.replace(made, place)
    return next(place.iterdir())


def _fetch_from_github(source: Source, folder: Path) -> None:
    address = f"{GITHUB}/{source.repository}/archive/{source.revision}.tar.gz"
    with urllib.request.urlopen(address, timeout=SECONDS) as answer:
        data = io.BytesIO(answer.read())
    with tarfile.open(fileobj=data) as archive:
        for member in archive:
            path = member.name.partition("/")[2]
            inside = path == source.path or path.startswith(source.path + "/")
            if not (member.isfile() and inside) or ".." in path.split("/"):
                continue
            target = folder / Path(source.path).name / path[len(source.path) :].lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            content = archive.extractfile(member)
            assert content is not None
            with target.open("wb") as file:
                shutil.copyfileobj(content, file)


def _fetch_from_hub(source: Source, folder: Path) -> None:
    from huggingface_hub import HfApi, hf_hub_download

    names = HfApi().list_repo_files(
        source.repository, repo_type="dataset", revision=source.revision
    )
    for name in names:
        if name.endswith((".parquet", ".jsonl")):
            file = hf_hub_download(
                source.repository, name, repo_type="dataset", revision=source.revision
            )
            shutil.copy(file, folder / Path(name).name)


# Comparing copies


@dataclass(frozen=True, slots=True)
class Difference:
    """How a statement differs between two copies: `kind` is `identical`, `cosmetic`, `differing`,
    or `missing` from the copy that has None."""

    name: str
    kind: str
    why: str
    first: Theorem | None
    second: Theorem | None


def diff(first: Sequence[Theorem], second: Sequence[Theorem]) -> list[Difference]:
    """How two copies differ, statement by statement, names compared without regard to case.

    Without Lean a difference is cosmetic if the statements are equal up to white space, comments,
    the grouping of binders, bound names, brackets that bind nothing and other spellings of the
    same symbol. Anything else may still be the same theorem: `--lean` compares elaborated types.
    """
    others = {theorem.name.lower(): theorem for theorem in second}
    found = []
    for theorem in first:
        other = others.pop(theorem.name.lower(), None)
        kind, why = ("missing", "") if other is None else _difference(theorem, other)
        found.append(Difference(theorem.name, kind, why, theorem, other))
    found += [Difference(t.name, "missing", "", None, t) for t in others.values()]
    return found


def _difference(first: Theorem, second: Theorem) -> tuple[str, str]:
    if first.statement == second.statement:
        return "identical", ""
    if first.statement.split() == second.statement.split():
        return "cosmetic", "white space"
    one, other = normal_form(first.statement), normal_form(second.statement)
    if one == other:
        return "cosmetic", "notation, names or grouping"
    if [t for t in one if t not in "()"] == [t for t in other if t not in "()"]:
        return "differing", "in brackets only"
    return "differing", ""


async def by_types(
    prover: Prover, found: Iterable[Difference], subset: str = ""
) -> AsyncIterator[Difference]:
    """Judges differences by the types that the statements elaborate to, where both do: the same
    type is the same theorem."""
    for difference in found:
        first, second = difference.first, difference.second
        if first is None or second is None:
            yield difference
            continue
        if subset == "core":
            first, second = core(first), core(second)
        if (first.header, first.statement) == (second.header, second.statement):
            yield difference
            continue
        hashes = []
        for theorem in (first, second):
            try:
                hashes.append(
                    await prover.texts.type_hash(theorem.statement, header=theorem.header)
                )
            except StatementError:
                hashes.append("")
        if not all(hashes):
            why = f"{difference.why}; does not elaborate".removeprefix("; ")
            yield replace(difference, why=why)
        elif hashes[0] != hashes[1]:
            yield replace(difference, kind="differing", why="other types")
        elif difference.kind == "differing":
            yield replace(difference, kind="cosmetic", why="the same type")
        else:
            yield difference


_COMMENT = re.compile(r"/-.*?-/|--[^\n]*", re.DOTALL)
_SPELLINGS = SPELLINGS | {"Real.pi": "π", "Real.sqrt": "√", "Not": "¬"}
_BINDING = ("∀", "∃", "∃!", "λ", "∑", "∏", "⋃", "⋂")
_OPEN, _CLOSE = "([{⦃⟨", ")]}⦄⟩"


def normal_form(statement: str) -> list[str]:
    """The tokens of a statement without what is mere spelling: the theorem's name, white space,
    comments, the grouping of binders, and brackets around one token or around brackets; bound
    names are numbered."""
    tokens = TOKEN.findall(_COMMENT.sub(" ", statement))
    tokens = [_SPELLINGS.get(token, token) for token in tokens]
    at = 2 if tokens[:1] and tokens[0] in ("theorem", "lemma") else 0
    parts: list[list[str]] = []
    bound: list[str] = []
    while at < len(tokens) and tokens[at] in _OPEN:
        end = _closing(tokens, at)
        inner = tokens[at + 1 : end]
        colon = inner.index(":") if ":" in inner else 0
        names = inner[:colon]
        bound += names
        mark = tokens[at]
        for name in names or [""]:
            parts.append([mark, name, ":", *_without_brackets(inner[colon + bool(names) :])])
        at = end + 1
    parts.append([*tokens[at : at + 1], *_without_brackets(tokens[at + 1 :])])
    flat = [token for part in parts for token in part if token]
    bound += _bound_inside(flat)
    numbers = {name: f"#{n}" for n, name in enumerate(dict.fromkeys(_in_order(flat, bound)))}
    return [_renamed(token, numbers) for token in flat]


def _in_order(tokens: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    wanted = set(names)
    for token in tokens:
        head = token.partition(".")[0]
        if head in wanted:
            yield head


def _renamed(token: str, numbers: dict[str, str]) -> str:
    head, dot, rest = token.partition(".")
    return numbers.get(head, head) + dot + rest


def _closing(tokens: Sequence[str], at: int) -> int:
    depth = 0
    for i in range(at, len(tokens)):
        depth += (tokens[i] in _OPEN) - (tokens[i] in _CLOSE)
        if depth == 0:
            return i
    return len(tokens)


def _without_brackets(tokens: Sequence[str]) -> list[str]:
    """Without round brackets around everything, around one token, or around round brackets."""
    tokens = list(tokens)
    changed = True
    while changed:
        changed = False
        for at, token in enumerate(tokens):
            if token != "(":
                continue
            end = _closing(tokens, at)
            doubled = tokens[at + 1 : at + 2] == ["("] and _closing(tokens, at + 1) == end - 1
            whole = at == 0 and end == len(tokens) - 1
            if whole or doubled or end == at + 2:
                del tokens[end : end + 1], tokens[at]
                changed = True
                break
    return tokens


def _bound_inside(tokens: Sequence[str]) -> list[str]:
    names = []
    for at, token in enumerate(tokens):
        if token in _BINDING:
            for name in tokens[at + 1 :]:
                if name in _OPEN:
                    continue
                if not re.fullmatch(NAME, name) or name in _BINDING:
                    break
                names.append(name)
    return names


# Statements that are known to be wrong


@dataclass(frozen=True, slots=True)
class Note:
    """Something known about a statement in some copies of a benchmark, and who says so."""

    name: str
    copies: tuple[str, ...]
    what: str
    source: str


def known_wrong() -> dict[str, list[Note]]:
    """What is known to be wrong with statements of the benchmarks, by name in lower case."""
    text = files("prover.evaluate").joinpath("known_wrong.json").read_text("utf-8")
    found: dict[str, list[Note]] = {}
    for group in json.loads(text):
        for name in group["names"]:
            note = Note(name, tuple(group["copies"]), group["what"], group["source"])
            found.setdefault(name.lower(), []).append(note)
    return found
