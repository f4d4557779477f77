"""Mining pages of planted topics: algebra is seeded, geometry has to be found on the way."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import zstandard
from sklearn.metrics import roc_auc_score

from prover.data.algebraic_stack import CorpusError, read_corpus
from prover.data.decontaminate import Problem
from prover.data.mining import Classifier, Mining, address, mine
from prover.errors import WrongUse
from prover.files import read_jsonl
from tests.command import command

PROBLEM = Problem(
    "sum", "theorem sum : 1 + 1 = 2", ("the sum of one and one is two and not three",)
)
CONTAMINATED = "\nThe sum of one and one is two and not three, say all."
PLACES = {
    "https://algebra.example/wiki/": ("algebra", 40),
    "http://www.mathforum.example/algebra/": ("algebra", 20),
    "http://mathforum.example/geometry/": ("geometry", 40),
    "https://shapes.example/p/": ("geometry", 60),
    "https://food.example/r/": ("food", 100),
    "https://sport.example/": ("sport", 90),
    "https://tenth.example/a/": ("algebra", 1),
    "https://tenth.example/b/": ("food", 9),
    "https://ninth.example/a/": ("algebra", 1),
    "https://ninth.example/b/": ("food", 8),
}
ALGEBRA = sum(count for topic, count in PLACES.values() if topic == "algebra")
PAGES = sum(count for _, count in PLACES.values())
ANNOTATION = "mathforum.example/geometry   # by hand\n!mathforum.example/geometry/art\n"


def text(topic: str, number: object) -> str:
    words = random.Random(f"{topic} {number}")
    own = (f"{topic}{words.randrange(40)}" for _ in range(10))
    common = (f"word{words.randrange(40)}" for _ in range(10))
    return "\n".join(" ".join(pair) for pair in zip(own, common, strict=True))


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A folder of pages, in three kinds of shards, and seeds beside it."""
    pages = [
        {"text": text(topic, url + str(number)), "url": url + str(number)}
        for url, (topic, count) in PLACES.items()
        for number in range(count)
    ]
    pages[3]["text"] += CONTAMINATED
    pages[4]["text"] += " __label__other </s>"
    random.Random(0).shuffle(pages)
    (tmp_path / "pages" / "deep").mkdir(parents=True)
    (tmp_path / "pages" / "a.jsonl").write_bytes(lines(pages[:100]))
    (tmp_path / "pages" / "b.jsonl.gz").write_bytes(gzip.compress(lines(pages[100:200])))
    (tmp_path / "pages" / "deep" / "c.jsonl.zst").write_bytes(
        zstandard.compress(lines(pages[200:250])) + zstandard.compress(lines(pages[250:]))
    )
    seeds = [{"text": text("algebra", number)} for number in range(150)]
    seeds[0]["text"] += CONTAMINATED
    (tmp_path / "seeds.jsonl.zst").write_bytes(zstandard.compress(lines(seeds)))
    return tmp_path


def lines(rows: Iterable[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row) + "\n\n" for row in rows).encode()


def run(
    world: Path, out: str = "out", rounds: int = 1, found: int = ALGEBRA
) -> list[dict[str, Any]]:
    settings = Mining(found / PAGES, rounds, bucket=2_000)
    seeds = [world / "seeds.jsonl.zst"]
    return mine(world / "pages", seeds, world / out, settings, problems=[PROBLEM])


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): sha256(p.read_bytes()).hexdigest() for p in files}


def table(file: Path) -> dict[str, list[str]]:
    rows = [line.split("\t") for line in file.read_text().splitlines()]
    return {name: cells for name, *cells in rows}


def rated(folder: Path, topic: str) -> list[float]:
    """What a round's classifier says of documents that it has not seen."""
    classifier = Classifier(folder / "classifier.bin")
    return [classifier.score(text(topic, f"new {number}")) for number in range(50)]


def auc(folder: Path, topic: str) -> float:
    """How well a round tells them from documents on food."""
    scores = rated(folder, topic) + rated(folder, "food")
    return float(roc_auc_score([1] * 50 + [0] * 50, scores))


def share_found(folder: Path, topic: str) -> float:
    cut = json.loads((folder / "report.json").read_text())["cut"]
    return sum(score >= cut for score in rated(folder, topic)) / 50


def found_in(folder: Path) -> list[dict[str, Any]]:
    return [row for file in (folder / "found").iterdir() for row in read_jsonl(file)]


def test_one_round_finds_what_is_like_its_seeds(world: Path) -> None:
    (report,) = run(world)
    assert report["pages"] == PAGES == 369 and report["found"] == ALGEBRA - 1
    assert report["left out for a benchmark problem"] == 1 and report["found before"] == 0
    assert report["examples"]["seeds"] == 149, "one has the problem in it"
    folder = world / "out" / "round_0"
    assert "not three" not in (folder / "examples.txt").read_text()
    (dropped,) = (row for row in found_in(folder) if "problem" in row)
    assert dropped["url"].endswith("wiki/3") and dropped["problem"] == "sum (deepseekmath)"
    domains = table(folder / "domains.tsv")
    assert domains["mathforum.example"] == ["60", "20", "0.3333", "yes"]
    assert domains["ninth.example"] == ["9", "1", "0.1111", "yes"], "over a tenth"
    assert domains["tenth.example"] == ["10", "1", "0.1000", "no"], "not over a tenth"
    assert report["mathematical domains"] == 3
    paths = table(folder / "paths.tsv")
    assert paths["mathforum.example/geometry"] == ["40", "0", "0.0000"]
    assert not any(path.startswith("tenth.example") for path in paths)
    assert auc(folder, "algebra") > 0.99 and share_found(folder, "geometry") == 0


def test_rounds_until_nothing_new_is_found(world: Path) -> None:
    out = world / "out"
    (first,) = run(world, found=ALGEBRA + 20)
    (out / "annotations.txt").write_text(ANNOTATION)
    reports = run(world, rounds=2, found=ALGEBRA + 20)
    joined = 40 - sum("mathforum.example/geometry/" in r["url"] for r in found_in(out / "round_0"))
    assert reports[0] == first and reports[1]["pages among the seeds"] == joined > 30
    assert reports[1]["examples"]["seeds"] == 149 + joined and reports[1]["found before"] < 0.98
    assert auc(out / "round_0", "geometry") < 0.8 and auc(out / "round_1", "geometry") > 0.95
    places = Counter(address(row["url"]).split("/")[0] for row in found_in(out / "round_1"))
    assert places["shapes.example"] > 3, "no seed is from there, and nobody wrote it down"
    assert places.keys().isdisjoint({"food.example", "sport.example"})

    reports = run(world, rounds=20, found=ALGEBRA + 20)
    assert [report["last"] for report in reports] == [False] * (len(reports) - 1) + [True]
    assert 2 < len(reports) < 20 and reports[-1]["found before"] >= 0.98
    assert reports[-1]["pages among the seeds"] == joined, "what has joined stays"
    corpus = list(read_corpus(str(out / "corpus")))
    assert len(corpus) == reports[-1]["collected"]
    assert not any(d.meta["url"].endswith("example/wiki/3") for d in corpus)
    before = digests(out)
    assert run(world, rounds=20, found=ALGEBRA + 20) == reports and digests(out) == before
    run(world, "again", rounds=1, found=ALGEBRA + 20)
    again = digests(world / "again")
    assert {name: before[name] for name in again if name.startswith("round_0/")} == {
        name: digest for name, digest in again.items() if name.startswith("round_0/")
    }


class Killed(BaseException):
    pass


def test_whenever_it_is_killed_the_files_are_the_same(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for out in ("one", "two", "three"):
        (world / out).mkdir()
        (world / out / "annotations.txt").write_text(ANNOTATION)
    run(world, "one", rounds=2)

    replace: Callable[..., None] = os.replace
    kills, calls = 0, 0

    def some_fail(*args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2 + kills % 3:
            raise Killed
        replace(*args)

    while True:
        calls = 0
        with monkeypatch.context() as patch:
            patch.setattr("os.replace", some_fail)
            try:
                run(world, "two", rounds=2)
                break
            except Killed:
                kills += 1
    assert kills > 8 and digests(world / "two") == digests(world / "one")

    options = ["--seeds", "seeds.jsonl.zst", "--share", repr(ALGEBRA / PAGES), "--bucket", "2000"]
    (world / "problems.jsonl").write_text(
        json.dumps(
            {
                "name": "sum",
                "statement": PROBLEM.statement,
                "informal_statement": PROBLEM.informal[0],
            }
        )
    )
    options += ["--benchmark", "problems.jsonl", "--rounds", "2", "--out", "three"]
    for place in ("round_0/examples.txt", "round_0/scores/00000.jsonl", "round_1/examples.txt"):
        child = subprocess.Popen(
            [sys.executable, "-m", "prover", "data", "mine", "pages", *options],
            cwd=world,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stderr=subprocess.PIPE,
        )
        while not (world / "three" / place).exists() and child.poll() is None:
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
        said = child.communicate()[1]
        assert child.returncode == -signal.SIGKILL, said
    monkeypatch.chdir(world)
    done = command("data", "mine", "pages", *options)
    assert done.code == 0, done
    assert digests(world / "three") == digests(world / "one")
    assert "collected" in done.out and f"{ALGEBRA - 1}" in done.out
    again = command("data", "mine", "pages", *options, "--seed", "1")
    assert again.code == 2 and "begun with other settings (seed 0 there, 1 here)" in again.err


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ('{"text": "x"}', "KeyError('url')"),
        ('{"text": 1, "url": "http://a.example"}', "'int' object"),
        ('{"text": "\\ud800", "url": "http://a.example"}', "surrogates not allowed"),
        ('{"text": "x", "url": "http://[a.example"}', "Invalid IPv6 URL"),
        ('{"text": "x", "url"', "Expecting ':'"),
    ],
)
def test_a_corrupt_row_is_named_and_nothing_is_written(row: str, why: str, world: Path) -> None:
    data = gzip.decompress((world / "pages/b.jsonl.gz").read_bytes()).split(b"\n")
    data[6] = row.encode()
    (world / "pages/b.jsonl.gz").write_bytes(gzip.compress(b"\n".join(data)))
    with pytest.raises(
        CorpusError, match=r"b.jsonl.gz, line 7: no JSON object with text and url"
    ) as e:
        run(world)
    assert why in str(e.value) and not (world / "out").exists()


def test_what_is_no_corpus_is_told(world: Path) -> None:
    whole = (world / "pages/b.jsonl.gz").read_bytes()
    for broken in (whole[:-20], b"no gzip", whole[:1000] + b"\0" * 20 + whole[1020:]):
        (world / "pages/b.jsonl.gz").write_bytes(broken)
        with pytest.raises(CorpusError, match=r"b.jsonl.gz, line \d+: the shard is corrupt"):
            run(world)
    (world / "pages/b.jsonl.gz").write_bytes(whole)
    (world / "out").mkdir()
    (world / "out" / "annotations.txt").write_text("# none\n\nhttps://a.example\ntwo words\n")
    with pytest.raises(WrongUse, match=r"annotations.txt, line 4: 'two words' is no address"):
        run(world)
    (world / "seeds.jsonl.zst").write_bytes(zstandard.compress(b"\n"))
    (world / "out" / "annotations.txt").unlink()
    with pytest.raises(CorpusError, match="there are no seeds"):
        run(world)
    with pytest.raises(WrongUse, match="no file there ends with"):
        mine(world / "out", [world / "seeds.jsonl.zst"], world / "other", Mining(0.1))
    assert list((world / "out").iterdir()) == [] and not (world / "other").exists()


def test_the_same_pages_are_found_by_datatrove(world: Path) -> None:
    from datatrove.executor import LocalPipelineExecutor

    from prover.data.steps import pipeline

    run(world)
    problems = world / "problems.jsonl"
    row = {"name": "sum", "statement": "1", "informal_statement": PROBLEM.informal[0]}
    problems.write_text(json.dumps(row))
    steps = pipeline(world / "pages", world / "out/round_0", world / "there", [problems])
    LocalPipelineExecutor(steps, tasks=2, workers=1, logging_dir=str(world / "logs")).run()
    ours, theirs = (list(read_corpus(str(world / name))) for name in ("out/corpus", "there"))
    assert len(theirs) == ALGEBRA - 1
    assert {d.meta["url"]: (d.text, d.meta["score"]) for d in ours} == {
        d.meta["url"]: (d.text, d.meta["score"]) for d in theirs
    }
    assert len(list((world / "there" / "train").iterdir())) == 2
