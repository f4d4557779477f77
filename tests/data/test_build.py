import errno
import json
import shutil
from collections import Counter
from hashlib import sha256
from pathlib import Path

import networkx
import pytest

from prover.data.algebraic_stack import SPLITS, CorpusError, read_corpus
from prover.data.build import build_corpus
from prover.data.decontaminate import Benchmark, Problem

NETWORKX = Path(networkx.__file__).parent / "algorithms" / "centrality"


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    """Real Python files, a small Lean project with everything that must go, and other files."""
    lean = tmp_path / "proofs"
    (lean / "_target/deps/other").mkdir(parents=True)
    for i in range(40):
        text = f"theorem t{i} (n : Nat) : n + {i} = {i} + n := by\n  omega\n" + f"-- {i}\n" * 30
        (lean / f"A{i:02}.lean").write_text(text)
    (lean / "Copy.lean").write_text((lean / "A00.lean").read_text())
    (lean / "Near.lean").write_text((lean / "A01.lean").read_text() + "-- one more line")
    (lean / "Defs.lean").write_text("def x := 1")
    (lean / "_target/deps/other/B.lean").write_text("theorem b : True := trivial")
    (lean / "Latin.lean").write_bytes(b"theorem l : True := trivial -- \xe9")
    (lean / "Test.lean").write_text(
        "lemma mine {k : Nat} (big : k > 4) : 16 < k ^ 2 := by nlinarith"
    )
    (lean / "README.md").write_text("theorem")
    (lean / "Link.lean").symlink_to(lean / "A02.lean")
    return [lean, NETWORKX]


BENCHMARK = Benchmark([Problem("squares", "theorem squares (n : ℕ) (h₀ : 4 < n) : 16 < n ^ 2")])


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): sha256(p.read_bytes()).hexdigest() for p in files}


def test_every_file_is_kept_or_dropped_for_a_reason(sources: list[Path], tmp_path: Path) -> None:
    counts = build_corpus(sources, tmp_path / "out", BENCHMARK)
    lean = counts["lean"]
    assert lean.dropped == {
        "exact duplicate": 1,
        "near duplicate": 1,
        "no theorem": 1,
        "dependency": 1,
        "not UTF-8": 1,
        "benchmark problem (lean)": 1,
    }
    assert (lean.read, lean.kept) == (46, 40)
    for count in counts.values():
        assert count.read == count.kept + count.dropped.total()
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["languages"]["lean"]["dropped"] == dict(lean.dropped)


def test_the_shards_hold_what_was_kept(sources: list[Path], tmp_path: Path) -> None:
    counts = build_corpus(sources, tmp_path / "out", BENCHMARK)
    documents = {split: list(read_corpus(str(tmp_path / "out"), split)) for split in SPLITS}
    by_language = Counter(d.language for split in SPLITS for d in documents[split])
    assert by_language == {name: count.kept for name, count in counts.items()}
    assert [d.language for d in documents["test"]] == ["lean", "python"]  # 0.5 %, at least one
    places = [(d.meta["repo"], d.meta["path"]) for split in SPLITS for d in documents[split]]
    assert len(set(places)) == len(places)
    for document in documents["train"]:
        folder = NETWORKX if document.language == "python" else sources[0]
        assert document.text == (folder / document.meta["path"]).read_text()


def test_building_again_gives_the_same_bytes(sources: list[Path], tmp_path: Path) -> None:
    build_corpus(sources, tmp_path / "one")
    build_corpus(sources, tmp_path / "two")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    build_corpus(sources, tmp_path / "two", seed=1)
    assert digests(tmp_path / "one") != digests(tmp_path / "two")


def test_large_corpora_have_many_shards(
    sources: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.data.build.SHARD_DOCUMENTS", 7)
    build_corpus(sources[:1], tmp_path / "out")
    shards = sorted(path.name for path in (tmp_path / "out" / "train").iterdir())
    assert shards == [f"lean{i:04}.jsonl.zst" for i in range(6)]  # 41 - 2 held out
    assert len(list(read_corpus(str(tmp_path / "out")))) == 39


def test_a_failure_leaves_the_earlier_corpus_whole(
    sources: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    build_corpus(sources[:1], out)
    before = digests(out)

    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space left"):
            build_corpus(sources, out)
    assert digests(out) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_nothing_else_is_overwritten(sources: list[Path], tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is no corpus"):
        build_corpus(sources, sources[0])
    assert (sources[0] / "A00.lean").exists()


def test_wrong_folders_are_errors(sources: list[Path], tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is no folder"):
        build_corpus([tmp_path / "nowhere"], tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no file is left of 0"):
        build_corpus([tmp_path / "empty"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_files_are_all_for_training(sources: list[Path], tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for name in ("A00.lean", "A05.lean"):
        shutil.copy(sources[0] / name, few)
    assert build_corpus([few], tmp_path / "out")["lean"].kept == 2
    assert len(list(read_corpus(str(tmp_path / "out")))) == 2
