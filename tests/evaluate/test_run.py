"""A run gives the same rows twice, after any kill and in shards, and its proofs are checked anew."""

import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prover.api import Options
from prover.errors import WrongUse
from prover.evaluate import benchmark
from prover.evaluate import canaries as canary_module
from prover.evaluate.benchmark import CORE_HEADER, Theorem, load_benchmark
from prover.evaluate.canaries import CanaryProved
from prover.evaluate.recheck import Rechecked, claims_of_run, recheck, released_claims
from prover.evaluate.run import (
    Plan,
    Results,
    merge,
    model_identity,
    read_results,
    run,
)
from search.budget import Budget
from search.interfaces import Request, Suggestion
from tests.command import command
from tests.lab import LESS_PLUS, NUMBERS, Lab
from tests.test_cli import Shell, prover  # noqa: F401 (a fixture)

FILE = Path(__file__).with_name("statements.jsonl")
THEOREMS = tuple(load_benchmark(str(FILE)))
BUDGET = 5
ENDS = {"proved": 5, "disproved": 2, "not elaborating": 1}
PROVED = {"comm", "split_and", "mathd_algebra_314", "even", "last"}

Answer = dict[tuple[str, int], tuple[Any, ...]]


def plan(lab: Lab, **changes: Any) -> Plan:
    settings = lab.prover.engine.settings
    options = Options(Budget(expansions=BUDGET, seconds=600.0))
    whole = Plan(THEOREMS, FILE.name, settings, options, subset="core", canaries=0)
    return replace(whole, **changes)


def rows(path: Path) -> Answer:
    """What of a file of results must not depend on the time."""
    kept = ("outcome", "reason", "expansions", "lean_calls", "proof", "seed", "type_hash", "layers")
    found = read_results(path).rows
    return {key: tuple(row.get(name) for name in kept) for key, row in found.items()}


@pytest.fixture(scope="module")
def whole(_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a run that nothing interrupted."""
    out = tmp_path_factory.mktemp("whole") / "results.jsonl"
    assert _lab.wait(run(_lab.prover, plan(_lab), out))
    return out


def test_a_run_has_a_row_for_every_statement(whole: Path) -> None:
    results = read_results(whole)
    assert results.missing == []
    assert {name for (name, _), row in results.rows.items() if row["outcome"] == "proved"} == PROVED
    real = results.rows["real_one", 0]
    assert real["outcome"] == "not elaborating" and "Unknown identifier `ℝ`" in real["reason"]
    for name, where in (("too_good", "n = 5"), ("square", "n = 2")):
        row = results.rows[name, 0]
        assert (row["outcome"], row["counterexample"]) == ("disproved", where)
        assert row["disproof"].startswith("intro h\n") and "proof" not in row
    comm = results.rows["comm", 0]
    assert comm["layers"] == ["text", "elaboration", "statement", "axioms", "kernel"]
    assert comm["made_by"] == {"portfolio": comm["steps"]}
    assert set(comm["seconds"]) == {"elaborate", "search", "generate", "verify"}
    assert comm["seconds"]["search"] > 0 and comm["seconds"]["verify"] > 0
    assert results.settings["budget"]["expansions"] == BUDGET
    (session,) = results.sessions
    assert session["cores"] == os.cpu_count()
    assert [path.name for path in whole.parent.iterdir()] == [whole.name]


def test_the_same_seed_gives_the_same_rows(lab: Lab, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "again.jsonl"
    assert lab.wait(run(lab.prover, plan(lab, together=5), out))
    assert rows(out) == rows(whole)


def test_shards_make_up_the_run(lab: Lab, whole: Path, tmp_path: Path) -> None:
    shards = [tmp_path / f"{n}.jsonl" for n in (1, 2)]
    for number, shard in enumerate(shards, 1):
        assert lab.wait(run(lab.prover, plan(lab, shard=(number, 2)), shard))
    out = tmp_path / "merged.jsonl"
    half = merge(shards[:1], tmp_path / "half.jsonl")
    assert len(half.gaps) == half.attempts == 4 and not half.overlaps
    merged = merge(shards, out)
    assert (merged.attempts, merged.gaps, merged.overlaps) == (8, (), ())
    assert rows(out) == rows(whole)
    assert list(read_results(out).rows) == read_results(out).expected
    assert read_results(out).settings == read_results(whole).settings
    twice = merge([*shards, whole], tmp_path / "twice.jsonl")
    assert len(twice.overlaps) == 8 and not twice.conflicts
    changed = tmp_path / "changed.jsonl"
    changed.write_text(shards[0].read_text().replace('"outcome": "proved"', '"outcome": "gave_up"'))
    conflicts = merge([*shards, changed], tmp_path / "conflicts.jsonl").conflicts
    assert {name for name, _ in conflicts} == PROVED & {t.name for t in THEOREMS[::2]}


def test_files_of_different_runs_are_not_merged(whole: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(whole.read_text().replace('"seed": 0', '"seed": 1'))
    with pytest.raises(WrongUse, match=r"different runs .seed: 0 there, 1 here"):
        merge([whole, other], tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_a_run_goes_on_only_with_its_own_settings(lab: Lab, whole: Path) -> None:
    before = whole.read_bytes()

    def go(**changes: Any) -> None:
        lab.wait(run(lab.prover, plan(lab, **changes), whole, resume=True))

    with pytest.raises(WrongUse, match="is there already: --resume"):
        lab.wait(run(lab.prover, plan(lab), whole))
    with pytest.raises(WrongUse, match=r"other settings .attempts: 1 there, 2 here"):
        go(attempts=2)
    options = replace(plan(lab).options, seed=7)
    with pytest.raises(WrongUse, match="seed: 0 there, 7 here"):
        go(options=options)
    changed = (replace(THEOREMS[0], statement="theorem comm : 1 = 1"), *THEOREMS[1:])
    with pytest.raises(WrongUse, match="statements_sha256"):
        go(theorems=changed)
    go()
    assert whole.read_bytes() == before


def test_attempts_have_seeds_of_their_own(lab: Lab, tmp_path: Path) -> None:
    out = tmp_path / "two.jsonl"
    assert lab.wait(run(lab.prover, plan(lab, theorems=THEOREMS[:2], attempts=2), out))
    found = read_results(out).rows
    assert {key: row["seed"] for key, row in found.items()} == {
        ("comm", 0): 0,
        ("split_and", 0): 0,
        ("comm", 1): 1,
        ("split_and", 1): 1,
    }


def test_what_mathlib_is_missing_for_is_itemised(lab: Lab, tmp_path: Path) -> None:
    out = tmp_path / "all.jsonl"
    assert lab.wait(run(lab.prover, plan(lab, subset="", theorems=THEOREMS[:2]), out))
    for row in read_results(out).rows.values():
        assert row["outcome"] == "needs Mathlib" and "an import is missing" in row["reason"]


def test_a_model_is_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "my_model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text("{}")
    first = model_identity(str(folder))
    assert first["model"] == "my_model" and len(first["model_sha256"]) == 64
    assert model_identity(f"hf:{folder}") == first
    (folder / "config.json").write_text('{"a": 1}')
    assert model_identity(str(folder))["model_sha256"] != first["model_sha256"]
    served = {"model": "name", "model_sha256": None}
    assert model_identity("http://localhost:8000/v1#name") == served


class Known:
    """A model that knows one tactic."""

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        for index, _ in enumerate(requests):
            yield index, Suggestion("exact Nat.add_comm a b", -0.1, 7)


def test_a_proof_says_who_made_it_and_what_it_cost(lab: Lab, tmp_path: Path) -> None:
    settings = replace(plan(lab).settings, model="http://localhost#known", prompt_format="prover")
    known = lab.beside(generator=Known())

    async def go(name: str, portfolio: bool) -> dict[str, Any]:
        one = plan(lab, theorems=THEOREMS[:1], settings=replace(settings, portfolio=portfolio))
        await run(known, one, tmp_path / name)
        return read_results(tmp_path / name).rows["comm", 0]

    alone = lab.wait(go("alone", False))
    beside = lab.wait(go("beside", True))
    assert (alone["outcome"], alone["tokens"]) == ("proved", 7)
    assert alone["made_by"] == {"model": 1}
    assert set(beside["made_by"]) <= {"model", "either"} and sum(beside["made_by"].values()) == 1


def test_a_proved_canary_ends_the_run_and_stays_in_the_file(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary_module, "CANARIES", ("theorem not_false_at_all : 1 + 1 = 2",))
    out = tmp_path / "results.jsonl"
    with pytest.raises(CanaryProved):
        lab.wait(run(lab.prover, plan(lab, canaries=1), out))
    (row,) = read_results(out).canaries
    assert "not_false_at_all" in row["proved"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: lines[1:], "line 1: not a line of results"),
        (lambda lines: [*lines[:3], "{broken", *lines[3:]], "line 4: not a line of results"),
        (lambda lines: [lines[0].replace('"format": 1', '"format": 9')], "of format 9"),
        (lambda lines: [], "holds no results"),
    ],
)
def test_a_damaged_file_is_told(whole: Path, tmp_path: Path, change: Any, says: str) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("".join(line + "\n" for line in change(whole.read_text().splitlines())))
    with pytest.raises(WrongUse, match=says):
        read_results(bad)


# Killed


ARGUMENTS = (
    "eval",
    "run",
    "statements.jsonl",
    "--model",
    "none",
    "--subset",
    "core",
    "--budget",
    str(BUDGET),
)


def begin(shell: Shell, until: int, *more: str) -> subprocess.Popen[bytes]:
    """A run, as soon as its file has so many attempts."""
    (shell.folder / FILE.name).write_bytes(FILE.read_bytes())
    out = shell.folder / "results.jsonl"
    process = shell.start(
        *ARGUMENTS, "--out", out.name, "--canaries", "0", "--jobs", "1", "--together", "2", *more
    )
    deadline = time.monotonic() + 120
    while not out.exists() or out.read_text().count('"outcome"') < until:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    return process


def test_killed_and_resumed_it_ends_with_the_same_rows(prover: Shell, whole: Path) -> None:  # noqa: F811
    out = prover.folder / "results.jsonl"
    process = begin(prover, 1)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said.decode()
    assert b"with --resume goes on" in said and b"Traceback" not in said
    first = rows(out)
    assert 1 <= len(first) < 8

    process = begin(prover, len(first) + 2, "--resume")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(first) < len(rows(out)) < 8
    with out.open("a") as file:
        file.write('{"name": "square", "split": "te')  # as a kill in the middle of a line leaves it

    done = prover(*ARGUMENTS, "--out", out.name, "--canaries", "0", "--jobs", "1", "--resume")
    assert done.code == 0, done
    assert all(f"{what}: {count}" in done.out for what, count in ENDS.items())
    assert rows(out) == rows(whole)
    assert len(read_results(out).sessions) == 3
    settings = read_results(out).settings
    assert settings["lean"] == read_results(whole).settings["lean"]
    assert settings["statements_sha256"] == read_results(whole).settings["statements_sha256"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["run", "nowhere", "--out", "r"], "neither a file or folder nor one of minif2f"),
        (["run", "s.jsonl", "--out", "none/r"], "--out: there is no folder"),
        (["run", "s.jsonl", "--out", "r", "--shard", "3/2"], "--shard 3/2"),
        (["run", "s.jsonl", "--out", "r", "--subset", "hard"], "the only subset is core"),
        (["run", "s.jsonl", "--out", "r", "--split", "train"], "no statement of the split train"),
        (
            ["run", "s.jsonl", "--out", "r", "--model", "none", "--pass", "4"],
            "the portfolio draws nothing",
        ),
        (["run", "s.jsonl", "--out", "r", "--model", "none", "--no-portfolio"], "give a --model"),
        (["run", "s.jsonl", "--out", "r", "--budget", "x"], "--budget x"),
        (["recheck", "s.jsonl"], "--statements"),
        (["recheck", "none", "--statements", "s.jsonl"], "there is no none"),
        (["report", "s.jsonl"], "line 1: not a line of results"),
        (["compare", "none", "s.jsonl"], "cannot read none"),
        (["merge", "none", "--out", "m"], "cannot read none"),
        (["diff", "s.jsonl", "none"], "none is neither"),
    ],
)
def test_wrong_use_is_told_before_lean_starts(folder: Path, args: list[str], says: str) -> None:
    (folder / "s.jsonl").write_bytes(FILE.read_bytes())
    done = command("eval", *args)
    assert done.code == 2 and says in done.err, done
    assert [path.name for path in folder.iterdir()] == ["s.jsonl"]


def test_the_name_of_a_benchmark_stands_for_a_run_of_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "GITHUB", "http://127.0.0.1:9")
    monkeypatch.setenv("PROVER_CACHE", str(folder / "cache"))
    for args in (["minif2f"], ["run", "minif2f"]):
        assert "yangky11/miniF2F-lean4, which cannot be" in command("eval", *args).err
    help_ = command("eval", "run", "--help").out
    assert "Examples" in help_ and "--resume" in help_


# Checked again


def check(lab: Lab, claims: Any) -> dict[str, Rechecked]:
    async def work() -> dict[str, Rechecked]:
        return {one.name: one async for one in recheck(lab.prover, claims)}

    return lab.wait(work())


def test_proofs_hold_from_cold(lab: Lab, whole: Path) -> None:
    found = check(lab, claims_of_run(read_results(whole), THEOREMS))
    assert set(found) == PROVED
    assert all(one.proved for one in found.values()), found
    assert found["comm"].layers == ("text", "elaboration", "statement", "axioms", "kernel")


@pytest.fixture
def tampered(whole: Path) -> Iterator[Results]:
    yield read_results(whole)


def test_a_tampered_row_does_not_hold(lab: Lab, tampered: Results) -> None:
    table = tampered.rows
    table["comm", 0]["proof"] = "sorry"
    table["even", 0]["proof"] = "rfl"
    table["last", 0]["statement_sha256"] = "0" * 64
    table["split_and", 0]["type_hash"] = "0" * 64
    table["too_good", 0] |= {"outcome": "proved", "proof": "exact absurd rfl (by native_decide)"}
    table["mathd_algebra_314", 0]["proof"] += "\n\naxiom extra : False"
    table["real_one", 0] |= {"outcome": "proved", "proof": "exact h.le"}
    found = check(lab, claims_of_run(tampered, THEOREMS))
    assert not any(one.proved for one in found.values()), found
    assert "holds `sorry`" in found["comm"].reason
    assert found["even"].outcome == "rejected"
    assert "another statement" in found["last"].reason
    assert "hash of the theorem's type" in found["split_and"].reason
    assert "adds commands of its own" in found["mathd_algebra_314"].reason
    assert found["too_good"].outcome == "rejected"
    assert "Unknown identifier `ℝ`" in found["real_one"].reason


OTHERS = (
    Theorem("comm", "theorem comm (a b : Nat) : a + b = b + a"),
    Theorem("even", "theorem even (a b : Int) (h : a = 2 * b) : a % 2 = 0"),
    Theorem("last", "theorem last (xs : List Nat) : xs ++ [] = xs"),
)


def test_proofs_of_others_are_held_against_the_benchmark(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "released"
    folder.mkdir()
    texts = {
        "comm": "import Init\nopen Nat\n\ntheorem comm (x y : Nat) : x + y = y + x := Nat.add_comm x y",
        "even": "theorem even (a b : Int) (h : a = 2 * b) (no : False) : a % 2 = 0 := no.elim",
        "last": "axiom free : False\ntheorem last (xs : List Nat) : xs ++ [] = xs := free.elim",
        "other": "theorem other : 1 = 1 := rfl",
    }
    for name, text in texts.items():
        (folder / f"{name}.lean").write_text(text + "\n")
    found = check(lab, released_claims(folder, OTHERS))
    assert found["comm"].proved, found["comm"]
    assert "not the one that was asked" in found["even"].reason
    assert found["last"].outcome == "cheated" and "free" in found["last"].reason
    assert (found["other"].outcome, found["other"].reason) == (
        "not checked",
        "the benchmark has no such theorem",
    )
    file = tmp_path / "proofs.jsonl"
    whole_text = "Here:\n```lean4\ntheorem comm (a b : Nat) : a + b = b + a := by\n  omega\n```"
    lines = [{"name": "comm", "code": whole_text}, {"name": "last", "proof": "simp"}]
    file.write_text("\n".join(map(json.dumps, lines)))
    found = check(lab, released_claims(file, OTHERS))
    assert [one.outcome for one in found.values()] == ["proved", "proved"], found


def test_released_texts_are_read_over_core_lean(tmp_path: Path) -> None:
    file = tmp_path / "proofs.jsonl"
    text = "import Mathlib\nopen Real\n\ntheorem comm (a b : ℕ) : a + b = b + a := Nat.add_comm a b"
    file.write_text(json.dumps({"name": "Comm", "code": text}))
    (claim,) = released_claims(file, THEOREMS, "core")
    assert (claim.name, claim.alone) == ("comm", False)
    assert claim.text == CORE_HEADER + text.split("\n\n")[1]
    file.write_text('{"name": "comm"}')
    with pytest.raises(WrongUse, match="line 1: a row needs `name` and `code`"):
        released_claims(file, THEOREMS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongUse, match="holds no proofs"):
        released_claims(tmp_path / "empty", THEOREMS)


def test_the_commands_on_results(prover: Shell, whole: Path) -> None:  # noqa: F811
    (prover.folder / FILE.name).write_bytes(FILE.read_bytes())
    (prover.folder / "r.jsonl").write_bytes(whole.read_bytes())
    done = prover("eval", "recheck", "r.jsonl", "--out", "checked.jsonl")
    assert done.code == 0, done
    assert "5 of 5 proofs hold with Lean" in done.out
    checked = [
        json.loads(line) for line in (prover.folder / "checked.jsonl").read_text().splitlines()
    ]
    assert {row["name"] for row in checked} == PROVED


def test_reports_and_comparisons_of_results(folder: Path, whole: Path) -> None:
    (folder / "r.jsonl").write_bytes(whole.read_bytes())
    written = command("eval", "report", "r.jsonl", "--html", "r.html", "--markdown", "r.md")
    assert written.code == 0, written
    assert "7 of 8 statements" in (folder / "r.md").read_text()
    assert command("eval", "report", "r.jsonl").out == (folder / "r.md").read_text()
    assert "p = 1 (McNemar" in command("eval", "compare", "r.jsonl", "r.jsonl").out
    (folder / FILE.name).write_text(FILE.read_text().replace("n < 5", "n < 6"))
    assert "their hashes differ" in command("eval", "recheck", "r.jsonl").err
    diff = command("eval", "diff", FILE.name, str(FILE))
    assert diff.code == 1 and "identical: 7, cosmetic: 0, differing: 1" in diff.out


LESS = Theorem("less_plus", LESS_PLUS, NUMBERS)


@pytest.mark.timeout(900)
def test_a_row_says_which_lemmas_were_found_and_holds_them(lab: Lab, tmp_path: Path) -> None:
    out = tmp_path / "results.jsonl"
    options = Options(Budget(expansions=40, seconds=600.0), refute=False)
    one = plan(lab, theorems=(LESS,), subset="", options=options)
    assert lab.wait(run(lab.prover, one, out))
    results = read_results(out)
    (row,) = results.rows.values()
    assert results.settings["lemmas"] and row["outcome"] == "proved"
    (lemma,) = row["lemmas"]
    name = lemma.split(" ")[0]
    assert f"theorem {name} " in row["text"] and name in row["proof"]
    assert row["layers"] == ["elaboration", "statement", "axioms", "kernel"]
    assert check(lab, claims_of_run(results, [LESS]))["less_plus"].proved
    tampered = replace(
        results,
        rows={
            ("less_plus", 0): {
                **row,
                "text": row["text"].replace(f"theorem {name} ", f"axiom {name} "),
            }
        },
    )
    assert not check(lab, claims_of_run(tampered, [LESS]))["less_plus"].proved
