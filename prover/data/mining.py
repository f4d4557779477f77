"""Mathematical pages out of many: DeepSeekMath's corpus, collected in rounds.

Shao et al. 2024, "DeepSeekMath", arXiv 2402.03300, section 2.1. A round trains a fastText classifier
on seeds against random pages, rates every page, and keeps the top of them. A domain of whose pages
more than 10% are collected is mathematical. A person looks at its paths and writes in
`annotations.txt` which of them are: their pages that are not collected join the seeds of the next
round. It ends when 98% of what a round finds was collected before. A round writes

    round_K/annotations.txt  what the person had written when it began
    round_K/seeds.jsonl      the pages that have joined the seeds, in this round or before
    round_K/examples.txt     what the classifier learns from, as fastText reads it
    round_K/classifier.bin   the classifier
    round_K/scores/          for each shard of pages, what it says of each
    round_K/found/           for each shard, the pages of the top; `problem` is what keeps one out
    round_K/domains.tsv      how many pages of each domain are collected so far
    round_K/paths.tsv        the same for each first part of a path, in mathematical domains
    round_K/report.json      what came of it; its presence says that the round is complete

Each file appears whole and follows from those before it, so that a run which was killed goes on where
it was and ends with the files of one that was not. `corpus` holds what all rounds have collected, as
`prover train` reads it.

Ours: negatives are drawn from pages that are neither collected nor annotated as mathematical; the
paper draws from all. What a round has collected stays collected. The paper keeps the top 40 to 160
billion tokens, which here is a share of the pages. Pages are taken as they are: remove duplicates
before.
"""

from __future__ import annotations

import heapq
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from prover.data.algebraic_stack import CorpusError, read_lines, write_shard
from prover.data.decontaminate import Benchmark, Problem
from prover.errors import WrongUse
from prover.files import (
    read_jsonl,
    read_text,
    same_settings,
    write_file,
    write_json,
    write_jsonl,
)

FASTTEXT = {"dim": 256, "lr": 0.1, "wordNgrams": 3, "minCount": 3, "epoch": 3}
"""The paper's."""

MATHEMATICAL = 10
"""A domain is mathematical if more than one in so many of its pages is collected."""

ENOUGH = 0.98
"""A round of whose pages so many were collected before is the last."""

LABEL, OTHER = "__label__math", "__label__other"
SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst")
SETTINGS, ANNOTATIONS, REPORT = "settings.json", "annotations.txt", "report.json"
HEADER = """\
# One address a line, without https://, such as mathoverflow.net/questions: its page and all beneath it
# are mathematical. With ! before it they are not. The longest address that fits a page decides.
# round_K/domains.tsv and round_K/paths.tsv say which addresses are worth a look.
"""


@dataclass(frozen=True)
class Mining:
    """How to mine. A round finds the `share` of all pages that is rated highest; its classifier
    learns from at most `examples` seeds and as many random pages. `bucket` is how many numbers
    fastText hashes runs of words to: the classifier takes 1 kB for each, and for each word."""

    share: float
    rounds: int = 1
    examples: int = 500_000
    bucket: int = 20_000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A document, and the line of its shard, from 1."""

    line: int
    text: str
    url: str


def find_shards(place: Path) -> list[Path]:
    """The files of JSON lines (plain, gzip or zstandard) in a folder and beneath it, or the one file.

    Raises:
        WrongUse: there is none.
    """
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    shards = [path for path in files if path.name.endswith(SUFFIXES) and path.is_file()]
    if not shards:
        raise WrongUse(f"{place}: no file there ends with {', '.join(SUFFIXES)}")
    return shards


def read_pages(shard: Path, *, located: bool = True) -> Iterator[Page]:
    """The documents of a shard: `text` and, where they are `located`, `url`.

    Raises:
        CorpusError: it cannot be read, or a row is no such document; names the line.
    """
    with shard.open("rb") as file:
        for line, raw in read_lines(file, str(shard)):
            try:
                row = json.loads(raw)
                text, url = row["text"], row["url"] if located else ""
                text.encode()
                address(url)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                wanted = "text and url" if located else "text"
                raise CorpusError(
                    f"{shard}, line {line}: no JSON object with {wanted} ({error!r}); mend the line "
                    "or leave it out"
                ) from None
            yield Page(line, text, url)


def address(url: str) -> str:
    """Domain and path of a URL. Raises `ValueError` for what is none."""
    parts = urlsplit(url if "://" in url else f"//{url}")
    host = (parts.hostname or "").removeprefix("www.")
    return (host + parts.path).rstrip("/")


def _prefixes(place: str) -> Iterator[str]:
    """An address and all that it is beneath, the longest first."""
    while place:
        yield place
        place = place.rpartition("/")[0]


class Annotations:
    """Which addresses are mathematical, as a person has written it down."""

    def __init__(self, text: str, path: Path) -> None:
        """Reads the text of a file. Raises `WrongUse`, with the line, for what is no address."""
        self._known: dict[str, bool] = {}
        for number, line in enumerate(text.split("\n"), 1):
            said = line.partition("#")[0].strip()
            if not said:
                continue
            try:
                place = address(said.removeprefix("!").strip())
            except ValueError:
                place = ""
            if not place or any(mark.isspace() for mark in place):
                raise WrongUse(
                    f"{path}, line {number}: {said!r} is no address such as mathoverflow.net/questions"
                )
            self._known[place] = not said.startswith("!")

    def mathematical(self, url: str) -> bool:
        return next(
            (self._known[place] for place in _prefixes(address(url)) if place in self._known), False
        )


class Classifier:
    """What fastText has learned of a file of examples."""

    def __init__(self, model: Path) -> None:
        from fasttext import load_model

        self._model = load_model(str(model))

    def score(self, text: str) -> float:
        """The probability that a text is mathematical."""
        labels, values = self._model.predict(_one_line(text), k=2)
        rated: dict[str, float] = dict(zip(labels, map(float, values), strict=True))
        return rated.get(LABEL, 0.0)


def _one_line(text: str) -> str:
    return text.strip().replace("\n", " ")


_LEARN = """
import json, os, sys
from fasttext import train_supervised
examples, model, options, parent = sys.argv[1:]
learned = train_supervised(examples, **json.loads(options))
if os.getppid() == int(parent):
    learned.save_model(model)
"""


def learn(examples: Path, model: Path, bucket: int, seed: int) -> None:
    """Trains a classifier, in a process of its own with one thread: equal examples give equal bytes.

    With one thread fastText 0.9.2 draws the first tenth of its vectors and takes the others as memory
    holds them. In a new process large pieces of memory are zero, if malloc is told to ask the system
    for each (glibc); in one that has worked before, classifiers differ, and some are NaN. `bucket` is
    at least 64, so that the vectors are such a piece.

    Raises:
        CorpusError: there is too little to learn from.
    """
    options = {**FASTTEXT, "bucket": bucket, "seed": seed, "thread": 1, "verbose": 0}
    partial = model.with_suffix(".partial")
    given = [str(examples), str(partial), json.dumps(options), str(os.getpid())]
    done = subprocess.run(
        [sys.executable, "-c", _LEARN, *given],
        env=os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        why = done.stderr.strip().rpartition("\n")[2]
        raise CorpusError(f"fastText cannot learn from {examples} ({why}): give more seeds")
    os.replace(partial, model)


def mine(
    pages: Path,
    seeds: Sequence[Path],
    out: Path,
    settings: Mining,
    *,
    problems: Sequence[Problem] = (),
    report: Callable[[str], None] = lambda line: None,
) -> list[dict[str, Any]]:
    """Makes the rounds that are not there yet and gives the reports of all. Pages, and examples, that
    contain one of the problems are left out, and counted.

    Raises:
        CorpusError: a document cannot be read, with its line, or there is nothing to learn from.
        WrongUse: there are no documents, `out` was begun with other settings, or an annotation is
            none; with its line.
        ModuleNotFoundError: fastText is not installed.
        Interrupted: by a signal; the next call goes on.
    """
    import fasttext  # noqa: F401 (where it is not installed, nothing is read in vain)

    shards = find_shards(pages)
    given = [shard for place in seeds for shard in find_shards(place)]
    identity = asdict(settings) | {
        "pages": _digest([str(s.relative_to(pages)), s.stat().st_size] for s in shards),
        "seeds": _digest([s.name, s.stat().st_size] for s in given),
        "benchmark": _digest([*problem.texts] for problem in problems),
    }
    identity.pop("rounds")  # more of them can be added
    if (out / SETTINGS).exists():
        same_settings(out / SETTINGS, identity)
    known = Benchmark(problems)
    reports: list[dict[str, Any]] = []
    while len(reports) < settings.rounds and not (reports and reports[-1]["last"]):
        folder = out / f"round_{len(reports)}"
        if not (folder / REPORT).exists():
            earlier = [out / f"round_{number}" for number in range(len(reports))]
            _Round(folder, earlier, shards, settings, known, report).make(given, identity)
        reports.append(json.loads(read_text(folder / REPORT)))
    _write_corpus(out, shards, len(reports), report)
    return reports


def _digest(things: Iterable[Any]) -> str:
    return sha256(json.dumps(list(things)).encode()).hexdigest()


class _Sample:
    """The texts with the lowest numbers of all that are shown, and of no more than `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[int, str]] = []

    def show(self, number: int, text: str) -> None:
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, (-number, text))
        elif -self._heap[0][0] > number:
            heapq.heapreplace(self._heap, (-number, text))

    def texts(self) -> list[tuple[int, str]]:
        """With their numbers, the lowest first."""
        return sorted((-number, text) for number, text in self._heap)


Place = tuple[int, int]
"""The number of a shard, and a line of it."""


class _Round:
    """One round. Its methods make one file or folder each, unless it is there."""

    def __init__(
        self,
        folder: Path,
        earlier: Sequence[Path],
        shards: Sequence[Path],
        settings: Mining,
        known: Benchmark,
        report: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._earlier = earlier
        self._shards = shards
        self._settings = settings
        self._known = known
        self._report = report
        numbers = range(len(shards))
        self._before = {
            (number, row["line"])
            for one in earlier
            for number in numbers
            for row in _collected(one, number)
        }

    def make(self, seeds: Sequence[Path], identity: dict[str, Any]) -> None:
        if not (self._folder / "examples.txt").exists():
            self._choose(seeds, identity)
        model = self._folder / "classifier.bin"
        if not model.exists():
            self._report(f"{self._folder.name}: training the classifier")
            learn(self._folder / "examples.txt", model, self._settings.bucket, self._settings.seed)
        self._rate(model)
        self._find()
        self._summarise()

    def _choose(self, seeds: Sequence[Path], identity: dict[str, Any]) -> None:
        """Seeds and random pages, as many of each: the examples. All documents have been read before
        anything is written."""
        out, copy = self._folder.parent, self._folder / ANNOTATIONS
        source = copy if copy.exists() else out / ANNOTATIONS
        written = read_text(source) if source.exists() else HEADER
        annotations = Annotations(written, source)
        most = self._settings.examples
        ours, others = _Sample(most), _Sample(most)
        joined = {(row["shard"], row["line"]) for row in self._joined_before()}
        for at, shard in enumerate(seeds):
            self._report(f"{self._folder.name}: reading seeds, {at + 1} of {len(seeds)} shards")
            for page in read_pages(shard, located=False):
                ours.show(self._draw("seeds", at, page.line), page.text)
        rows = []
        for number, shard in enumerate(self._shards):
            self._report(
                f"{self._folder.name}: choosing examples, {number + 1} of {len(self._shards)} shards"
            )
            for page in read_pages(shard):
                place, drawn = (number, page.line), self._draw("pages", number, page.line)
                mathematical = annotations.mathematical(page.url)
                if place in joined or (mathematical and place not in self._before):
                    rows.append({"shard": number, "line": page.line, "url": page.url})
                    ours.show(drawn, page.text)
                elif not mathematical and place not in self._before:
                    others.show(drawn, page.text)
        positive = ours.texts()
        labelled = [(number, LABEL, text) for number, text in positive]
        labelled += [(number, OTHER, text) for number, text in others.texts()[: len(positive)]]
        lines = [
            f"{label} {_harmless(text)}\n"
            for _, label, text in sorted(labelled)
            if self._known.hit(text) is None
        ]
        if len({line.split(" ", 1)[0] for line in lines}) < 2:
            raise CorpusError(
                "there are no seeds, or no other pages, to learn from: give more of them"
            )
        same_settings(out / SETTINGS, identity)
        self._folder.mkdir(parents=True, exist_ok=True)
        for file in (copy, out / ANNOTATIONS):
            if not file.exists():
                write_file(file, written)
        write_jsonl(self._folder / "seeds.jsonl", rows)
        write_file(self._folder / "examples.txt", "".join(lines))

    def _draw(self, kind: str, number: int, line: int) -> int:
        digest = sha256(f"{self._settings.seed} {kind} {number} {line}".encode()).digest()
        return int.from_bytes(digest[:8])

    def _joined_before(self) -> list[dict[str, Any]]:
        return read_jsonl(self._earlier[-1] / "seeds.jsonl") if self._earlier else []

    def _rate(self, model: Path) -> None:
        classifier = None
        for number, shard in enumerate(self._shards):
            file = _file(self._folder, "scores", number)
            if file.exists():
                continue
            classifier = classifier or Classifier(model)
            score = classifier.score
            write_jsonl(
                file,
                (
                    {"line": page.line, "url": page.url, "score": score(page.text)}
                    for page in read_pages(shard)
                ),
            )
            self._report(
                f"{self._folder.name}: {number + 1} of {len(self._shards)} shards are rated"
            )

    def _scores(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for number in range(len(self._shards)):
            for row in read_jsonl(_file(self._folder, "scores", number)):
                yield number, row

    def _find(self) -> None:
        """The pages of the top. Those that were collected before have no problem in them."""
        todo = [n for n in range(len(self._shards)) if not _file(self._folder, "found", n).exists()]
        if not todo:
            return
        wanted = max(1, round(self._settings.share * sum(1 for _ in self._scores())))
        top = heapq.nsmallest(
            wanted, ((-row["score"], number, row["line"]) for number, row in self._scores())
        )
        scores: dict[Place, float] = {(number, line): -score for score, number, line in top}
        for number in todo:
            rows = []
            for page in read_pages(self._shards[number]):
                place = (number, page.line)
                if place not in scores:
                    continue
                row = {"line": page.line, "url": page.url, "score": scores[place]}
                if place not in self._before and (hit := self._known.hit(page.text)):
                    row["problem"] = f"{hit.problem} ({hit.rule})"
                rows.append(row)
            write_jsonl(_file(self._folder, "found", number), rows)
            self._report(
                f"{self._folder.name}: {number + 1} of {len(self._shards)} shards are searched for "
                "benchmark problems"
            )

    def _summarise(self) -> None:
        numbers = range(len(self._shards))
        every = [row for n in numbers for row in read_jsonl(_file(self._folder, "found", n))]
        found = {(n, row["line"]) for n in numbers for row in _collected(self._folder, n)}
        collected = self._before | found
        pages, kept = Counter[str](), Counter[str]()
        path_pages, path_kept = Counter[str](), Counter[str]()
        for number, row in self._scores():
            place = address(row["url"])
            domain, path = place.partition("/")[0], "/".join(place.split("/")[:2])
            counted = (number, row["line"]) in collected
            pages[domain] += 1
            kept[domain] += counted
            path_pages[path] += 1
            path_kept[path] += counted
        mathematical = {name for name in pages if kept[name] * MATHEMATICAL > pages[name]}
        inside = [path for path in path_pages if path.partition("/")[0] in mathematical]
        _write_table(self._folder / "domains.tsv", "domain", pages, pages, kept, mathematical)
        _write_table(self._folder / "paths.tsv", "path", inside, path_pages, path_kept)
        examples = Counter(
            line.split(" ", 1)[0]
            for line in read_text(self._folder / "examples.txt").split("\n")[:-1]
        )
        already = len(found & self._before) / len(found) if found else 1.0
        write_json(
            self._folder / REPORT,
            {
                "pages": pages.total(),
                "examples": {"seeds": examples[LABEL], "random pages": examples[OTHER]},
                "pages among the seeds": len(read_jsonl(self._folder / "seeds.jsonl")),
                "cut": min(row["score"] for row in every),
                "found": len(found),
                "left out for a benchmark problem": len(every) - len(found),
                "found before": already,
                "collected": len(collected),
                "mathematical domains": len(mathematical),
                "last": already >= ENOUGH,
            },
        )


def _harmless(text: str) -> str:
    """A text as a line of examples: it can neither name a label nor end the line for fastText."""
    return _one_line(text).replace("__label__", " ").replace("</s>", " ")


def _file(folder: Path, what: str, number: int) -> Path:
    return folder / what / f"{number:05}.jsonl"


def _collected(folder: Path, number: int) -> list[dict[str, Any]]:
    """What a round has collected of a shard."""
    return [row for row in read_jsonl(_file(folder, "found", number)) if "problem" not in row]


def _write_table(
    file: Path,
    kind: str,
    names: Iterable[str],
    pages: Counter[str],
    kept: Counter[str],
    mathematical: set[str] | None = None,
) -> None:
    """By name, how many pages there are and are collected; where most are comes first."""
    head = [kind, "pages", "collected", "share"] + ["mathematical"] * (mathematical is not None)
    lines = ["\t".join(head)]
    for name in sorted(names, key=lambda name: (-kept[name], -pages[name], name)):
        cells = [name, str(pages[name]), str(kept[name]), f"{kept[name] / pages[name]:.4f}"]
        if mathematical is not None:
            cells.append("yes" if name in mathematical else "no")
        lines.append("\t".join(cells))
    write_file(file, "\n".join(lines) + "\n")


def _write_corpus(
    out: Path, shards: Sequence[Path], rounds: int, report: Callable[[str], None]
) -> None:
    """Writes `corpus`, of all rounds, unless it is there."""
    corpus, partial = out / "corpus", out / "corpus.partial"
    there = corpus / REPORT
    if there.exists() and json.loads(read_text(there))["rounds"] == rounds:
        return
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "train").mkdir(parents=True)
    kept = 0
    for number, shard in enumerate(shards):
        rows = {
            row["line"]: row
            for folder in (out / f"round_{at}" for at in reversed(range(rounds)))
            for row in _collected(folder, number)
        }
        if not rows:
            continue
        write_shard(
            partial / "train" / f"web{number:05}.jsonl.zst",
            (
                (page.text, {"url": page.url, "score": rows[page.line]["score"]})
                for page in read_pages(shard)
                if page.line in rows
            ),
        )
        kept += len(rows)
        report(f"corpus: {number + 1} of {len(shards)} shards are written")
    write_json(partial / REPORT, {"rounds": rounds, "pages": kept})
    shutil.rmtree(corpus, ignore_errors=True)
    os.replace(partial, corpus)
