import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from prover.data.theorems import corpus, evolve
from prover.data.theorems.build import (
    elaborate,
    first_script,
    judge_scripts,
    rest_of,
    run_script,
    with_proof,
)
from prover.data.theorems.corpus import FAMILIES, Known, draft, held_out, make_batch
from prover.data.theorems.statement import (
    HELD_OUT,
    SPLITS,
    Draft,
    Row,
    renamed,
    skeleton,
    split_of,
    statement_sha256,
)
from prover.errors import WrongUse
from prover.files import read_jsonl, write_jsonl
from tests.lab import Lab

AND = Draft(
    "logic",
    "and",
    ("(p q : Prop)", "(hp : p)", "(hq : q)"),
    "p ∧ q",
    scripts=(("constructor", "exact hp", "exact hq"),),
)
SUM = Draft(
    "numbers",
    "sum",
    ("(s : Nat → Nat)", "(h0 : s 0 = 7)", "(hs : ∀ n, s (n + 1) = s n + 3)"),
    "∀ n, s n = 3 * n + 7",
    scripts=(
        (
            "intro n",
            "induction n with | zero => ?_ | succ n ih => ?_",
            "omega",
            "rw [hs, ih]",
            "omega",
        ),
    ),
)
BOUND = Draft(
    "numbers",
    "bound",
    ("(a n : Nat)", "(h : 2 ≤ a)"),
    "n + 2 ≤ a * (n + 1)",
    scripts=(("have h1 := Nat.mul_le_mul_right (n + 1) h", "omega"),),
)


def nothing(row: Row) -> str | None:
    return None


def prove(lab: Lab, drafts: Sequence[Draft]) -> dict[str, str]:
    """What becomes of drafts: Lean's complaint, `open`, or the outcome of the verdict."""

    async def work() -> dict[str, str]:
        good, bad = await elaborate(lab.pool, drafts)
        proofs = []
        for one in good:
            found = await first_script(lab.pool, one.state, one.draft.scripts)
            lab.pool.release([one.state])
            bad[one.draft.name] = "open"
            if found is not None:
                proofs.append((one.draft, found[0]))
        verdicts = await judge_scripts(lab.pool, lab.prover.engine.judge, proofs)
        return bad | {name: str(verdict.outcome) for name, verdict in verdicts.items()}

    return lab.wait(work())


def test_a_seed_is_a_statement_and_names_are_of_statements() -> None:
    made = [draft(seed) for seed in range(300)]
    assert made == [draft(seed) for seed in range(300)]
    by_name: dict[str, set[str]] = {}
    for one in made:
        by_name.setdefault(one.name, set()).add(one.header + one.signature)
    assert all(len(statements) == 1 for statements in by_name.values())
    assert len(by_name) > 240
    assert {one.family for one in made} == set(FAMILIES)


def test_family_and_size_are_knobs() -> None:
    small = [draft(seed, "logic", 0) for seed in range(40)]
    large = [draft(seed, "logic", 5) for seed in range(40)]
    assert {one.family for one in small + large} == {"logic"}
    assert {one.knobs["size"] for one in large} == {5}
    assert sum(len(d.signature) for d in large) > 1.5 * sum(len(d.signature) for d in small)


def test_an_unknown_family_or_size_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"no family topology; there are: logic, .*types"):
        draft(0, "topology")
    with pytest.raises(ValueError, match="between 0 and 5"):
        draft(0, "logic", 6)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_lean_accepts_the_statements_and_the_proofs_of_a_family(lab: Lab, family: str) -> None:
    names: dict[str, Draft] = {}
    for seed in range(8):
        one = draft(seed, family, seed % 4)
        names[one.name] = one
    outcomes = prove(lab, list(names.values()))
    assert set(outcomes) == set(names)
    failed = {name: o for name, o in outcomes.items() if o != "proved"}
    assert len(failed) <= 1, failed  # a template may be beyond its script at some sizes


def test_a_false_statement_and_a_wrong_script_get_no_proof(lab: Lab) -> None:
    false = replace(SUM, conclusion="∀ n, s n = 3 * n + 8")
    short = replace(AND, binders=("(q p : Prop)", *AND.binders[1:]), scripts=(("constructor",),))
    long = replace(AND, scripts=((*AND.scripts[0], "exact hp"),))
    broken = replace(AND, conclusion="p ∧ nowhere")
    outcomes = prove(lab, [false, short, long, broken])
    assert outcomes.pop(broken.name).startswith("Unknown identifier")
    assert set(outcomes.values()) == {"open"}


def test_a_proof_that_only_looks_finished_is_not_proved(lab: Lab) -> None:
    verdicts = lab.wait(
        judge_scripts(lab.pool, lab.prover.engine.judge, [(SUM, ("sorry",)), (AND, AND.scripts[0])])
    )
    assert str(verdicts[SUM.name].outcome) == "rejected"
    assert str(verdicts[AND.name].outcome) == "proved"


def test_every_operator_makes_true_statements_of_true_ones(lab: Lab) -> None:
    both = evolve.conjoin(AND, SUM)
    exists = replace(BOUND, conclusion="n + 2 ≤ a * (n + 1) + 5")
    children = [
        both,
        evolve.conjoin(SUM, SUM),
        evolve.distract(AND, BOUND),
        evolve.compose(SUM),
        evolve.contrapose(BOUND),
        evolve.curry(SUM),
        evolve.drop_conjunct(both, Random(1)),
        evolve.drop_conjunct(both, Random(2)),
        evolve.specialise(BOUND, Random(1)),
        evolve.specialise(BOUND, Random(2)),
        evolve.specialise(BOUND, Random(3)),
        evolve.witness(exists, Random(0)),
    ]
    outcomes = prove(lab, children)
    assert {child.name: "proved" for child in children} == outcomes
    assert both.lineage == ("conjoin", AND.name, SUM.name)
    assert both.binders == (*AND.binders, *SUM.binders)


def test_generalising_keeps_only_what_is_still_true(lab: Lab) -> None:
    one = Draft("numbers", "mul", ("(a : Nat)",), "5 * a + a = 6 * a", scripts=(("omega",),))
    two = Draft("numbers", "mul", ("(a : Nat)",), "5 * a = a * 5", scripts=(("grind",),))
    false, true = evolve.generalise(one, Random(0)), evolve.generalise(two, Random(0))
    assert true.signature == "(c : Nat) (a : Nat) : c * a = a * c"
    assert prove(lab, [false, true]) == {false.name: "open", true.name: "proved"}


def test_an_operator_that_does_not_fit_says_why() -> None:
    with pytest.raises(ValueError, match="no conjunction"):
        evolve.drop_conjunct(SUM, Random(0))
    with pytest.raises(ValueError, match="no hypothesis"):
        evolve.contrapose(replace(AND, binders=("(p q : Prop)",)))
    with pytest.raises(ValueError, match="different definitions"):
        evolve.conjoin(replace(AND, header="def x := 1\n"), replace(SUM, header="def y := 1\n"))


def test_goals_of_a_proof_become_statements(lab: Lab) -> None:
    async def work() -> list[Draft]:
        (one,), _ = await elaborate(lab.pool, [SUM])
        steps = await run_script(lab.pool, one.state, SUM.scripts[0])
        assert steps is not None
        assert [step.open for step in steps] == [1, 1, 2, 1, 1]
        assert rest_of(steps, 2) == ("omega",)
        assert rest_of(steps, 3) == ("rw [hs, ih]", "omega")
        return [evolve.lift(SUM, steps[i].state.goals[0], rest_of(steps, i)) for i in (1, 2, 3)]

    lifted = lab.wait(work())
    assert lifted[2].binders[-2:] == ("(n : Nat)", "(ih : s n = 3 * n + 7)")
    assert lifted[2].conclusion == "s (n + 1) = 3 * (n + 1) + 7"
    assert set(prove(lab, lifted).values()) == {"proved"}


def test_statements_that_differ_in_names_alone_have_one_key(lab: Lab) -> None:
    other = renamed(SUM, {"n": "k", "s": "u", "hs": "step"})
    third = replace(SUM, conclusion="∀ n, s n = 3 * n + 8")
    good, _ = lab.wait(elaborate(lab.pool, [SUM, other, third]))
    keys = {one.draft.name: one.row.key for one in good}
    assert keys[SUM.name] == keys[other.name] != keys[third.name]
    known = Known()
    assert [known.add(one.row) for one in good].count(True) == 2
    assert not any(known.add(one.row) for one in good)


def test_the_skeleton_forgets_names_and_numerals() -> None:
    other = renamed(SUM, {"n": "k", "s": "u", "hs": "step", "h0": "start"})
    other = replace(other, conclusion=other.conclusion.replace("3", "12"))
    assert skeleton(SUM) == skeleton(other)
    assert split_of(SUM) == split_of(other)
    assert skeleton(SUM) != skeleton(replace(SUM, conclusion="∀ n, s n = n * 3 + 7"))


def test_whole_templates_are_held_out_and_children_stay_with_their_parents() -> None:
    held = replace(SUM, template=min(HELD_OUT))
    assert split_of(held) == "test"
    assert split_of(replace(AND, split="train")) == "train"
    for child in (evolve.compose(held), evolve.conjoin(AND, held), evolve.distract(AND, held)):
        assert split_of(child) == split_of(evolve.compose(child)) == "test"
    shares = [split_of(draft(seed, "logic")) for seed in range(400)]
    assert 0.75 < shares.count("train") / 400 < 0.95
    assert set(shares) == set(SPLITS)


def test_batches_are_made_again_as_they_were_and_go_on_where_they_stopped(
    lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "BASE", 3)

    def make(batches: int) -> list[str]:
        lines: list[str] = []
        work = corpus.produce(
            lab.pool,
            lab.prover.engine.judge,
            folder,
            batches,
            seed=3,
            contaminated=nothing,
            report=lines.append,
        )
        lab.wait(work)
        return lines

    assert len(make(2)) == 2
    first, second = sorted(folder.iterdir())
    written = second.read_bytes()
    assert make(2) == []
    second.unlink()
    assert len(make(2)) == 1
    assert second.read_bytes() == written
    counts = corpus.assemble(folder, folder / "out")
    entries = read_jsonl(first) + read_jsonl(second)
    rows = [Row.from_json(entry["row"]) for entry in entries]
    assert sum(counts[split] for split in SPLITS) == len(rows) > 6
    for row in rows:
        assert row.statement_sha256 == statement_sha256(row.header, row.statement)
    pairs = read_jsonl(folder / "out" / "pairs.jsonl")
    proofs = read_jsonl(folder / "out" / "proofs.jsonl")
    assert len(proofs) == counts["train"] and len(pairs) == sum(
        len(e["script"]) for e in entries if e["row"]["split"] == "train"
    )
    assert {p["verdict"]["outcome"] for p in proofs} == {"proved"}
    assert all("⊢" in pair["state"] and pair["tactic"] for pair in pairs)


def test_what_a_benchmark_has_is_left_out(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "BASE", 3)
    seen: list[str] = []

    def refuse(row: Row) -> str | None:
        seen.append(row.statement)
        return "in the benchmark"

    assert lab.wait(make_batch(lab.pool, lab.prover.engine.judge, 0, 0, Known(), refuse)) == []
    assert len(seen) == 3


def test_a_training_statement_that_is_held_out_is_dropped_and_is_an_error(folder: Path) -> None:
    row, other = held_out()[:2]
    stolen = replace(row, split="train", name="innocent")
    fresh = replace(other, split="train", name="fresh", key="0")
    for one in (stolen, fresh):
        entry = {"row": one.to_json(), "script": ["rfl"], "verdict": {}, "steps": []}
        write_jsonl(folder / f"batch_0_{one.name}.jsonl", [entry])
    counts = corpus.assemble(folder, folder / "out")
    assert counts["train"] == 1
    (line,) = read_jsonl(folder / "out" / "train.jsonl")
    assert line["name"] == "fresh"
    corpus.check_disjoint([fresh], held_out())
    with pytest.raises(ValueError, match=f"innocent is in the held-out test as {row.name}"):
        corpus.check_disjoint([fresh, stolen], held_out())


def test_what_was_made_from_a_template_has_no_turn_of_its_own() -> None:
    entries = [{"row": row.to_json()} for row in held_out()]
    rows = [Row.from_json(entry["row"]) for entry in corpus._in_turn(entries)]
    assert len(rows) == len(entries)
    for family in FAMILIES:
        templates = [row.root_template for row in rows if row.family == family]
        assert len(set(templates[: len(set(templates))])) == len(set(templates)) > 1


def test_the_held_out_statements_are_the_published_ones(
    lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = held_out()
    assert 300 <= len(rows) <= 500
    assert {row.split for row in rows} == {"test"}
    assert {row.family for row in rows} == set(FAMILIES)
    assert len({(row.header, row.key) for row in rows}) == len(rows)
    sample = [row for row in rows if not row.header][::40]
    text = "".join(f"{row.statement} := by sorry\n" for row in sample)
    done = lab.elaborate(text, "set_option autoImplicit false\n")
    assert done.errors == ()
    assert [hole.state.key.split(".")[0] for hole in done.holes] == [row.key for row in sample]
    changed = folder / "held_out.jsonl"
    published = corpus.TESTS["statements"].read_bytes()
    changed.write_bytes(published.replace(b"Nat", b"Int", 1))
    digest = hashlib.sha256(published).hexdigest()
    (folder / "held_out.sha256").write_text(digest)
    monkeypatch.setitem(corpus.TESTS, "statements", changed)
    with pytest.raises(WrongUse, match="was changed"):
        held_out()


def test_a_file_is_written_whole_or_not_at_all(folder: Path) -> None:
    path = folder / "rows.jsonl"
    write_jsonl(path, [{"a": "∀"}])
    with pytest.raises(TypeError):
        write_jsonl(path, [{"a": 1}, {"a": object()}])
    assert read_jsonl(path) == [{"a": "∀"}]
    assert list(folder.iterdir()) == [path]
    path.write_text('{"a": 1}\n{"a"\n')
    with pytest.raises(WrongUse, match=r"rows\.jsonl, line 2"):
        read_jsonl(path)


def test_only_a_line_feed_ends_a_line_of_a_file(folder: Path) -> None:
    path = folder / "rows.jsonl"
    rows = [{"a": "\u2028 \u2029 \x85 \x0b \x0c \x1c \r"}, {"a": "b"}]
    write_jsonl(path, rows)
    assert read_jsonl(path) == rows
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n").removesuffix(b"\r\n"))
    assert read_jsonl(path) == rows
    path.write_bytes(b"")
    assert read_jsonl(path) == []
    for bad in (b'{"a": "\xff"}\n', b"\n", b"[" * 100_000):
        path.write_bytes(b"{}\n" + bad)
        with pytest.raises(WrongUse, match=r"rows\.jsonl, line 2"):
            read_jsonl(path)


def test_a_proof_is_written_below_its_statement() -> None:
    text = with_proof(SUM, ("intro n", "induction n with\n| zero => rfl"))
    assert text.endswith(" := by\n  intro n\n  induction n with\n  | zero => rfl\n")


def test_rows_survive_a_file() -> None:
    row = Row.of(replace(SUM, lineage=("lift", "x")), "1")
    assert Row.from_json(json.loads(json.dumps(row.to_json()))) == row


def test_the_command_says_what_is_wrong_with_a_benchmark(folder: Path) -> None:
    async def run() -> tuple[int | None, bytes]:
        import sys

        (folder / "bench.jsonl").write_text("nonsense\n")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "prover.data.theorems",
            "make",
            "out",
            "--benchmark",
            "bench.jsonl",
            stderr=asyncio.subprocess.PIPE,
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        return (await process.wait()), await process.stderr.read()  # type: ignore[union-attr]

    code, error = asyncio.run(run())
    assert code == 2
    assert b"bench.jsonl, line 1" in error and b"Traceback" not in error
