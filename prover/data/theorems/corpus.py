"""A corpus of statements with their proofs, made batch by batch.

A batch is a function of the seed, its number and the batches before it. It is written whole or not
at all, and a run that was interrupted goes on at the first batch that is missing.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from prover.data.theorems import algebra, evolve, lists, logic, numbers, programs, types
from prover.data.theorems.build import (
    Elaborated,
    Step,
    elaborate,
    first_script,
    judge_scripts,
    rest_of,
)
from prover.data.theorems.statement import SPLITS, Draft, Row, Script, split_of
from prover.errors import WrongUse
from prover.files import json_lines, read_jsonl, write_jsonl
from prover.lean.pool import LeanPool
from prover.verify.judge import Judge
from prover.verify.verdict import Outcome

Maker = Callable[[Random, int], Draft]

FAMILIES: dict[str, tuple[Maker, ...]] = {
    module.FAMILY: tuple(module.MAKERS) for module in (logic, numbers, lists, algebra, types)
}
SIZES = 6
BASE, LIFTS = 60, 2
SEEDS = 1_000
HELD_OUT_ROWS = 400
TESTS = {
    "statements": Path(__file__).parent / "held_out.jsonl",
    "library": Path(__file__).parent / "library_held_out.jsonl",
    "programs": Path(__file__).parent / "programs_held_out.jsonl",
}


def draft(seed: int, family: str | None = None, size: int | None = None) -> Draft:
    """The statement of a seed, of any family and size or of the given ones. Sizes go from 0 to 5.

    Raises:
        ValueError: there is no such family or size.
    """
    if family is not None and family not in FAMILIES:
        raise ValueError(f"there is no family {family}; there are: {', '.join(FAMILIES)}")
    if size is not None and not 0 <= size < SIZES:
        raise ValueError(f"a size is between 0 and {SIZES - 1}")
    rng = Random(f"{seed} {family} {size}")
    makers = FAMILIES[family] if family else tuple(m for ms in FAMILIES.values() for m in ms)
    maker = rng.choice(makers)
    chosen = rng.randrange(SIZES) if size is None else size
    made = maker(rng, chosen)
    return replace(made, knobs=made.knobs | {"size": chosen}, seed=seed)


@dataclass(slots=True)
class Known:
    """What must not come twice: names, and types under their definitions."""

    names: set[str] = field(default_factory=set)
    types: set[tuple[str, str]] = field(default_factory=set)

    def add(self, row: Row) -> bool:
        """Whether a row is new; from now on it is not."""
        type_ = (sha256(row.header.encode()).hexdigest(), row.key)
        if row.name in self.names or type_ in self.types:
            return False
        self.names.add(row.name)
        self.types.add(type_)
        return True


async def make_batch(
    pool: LeanPool,
    judge: Judge,
    seed: int,
    number: int,
    known: Known,
    contaminated: Callable[[Row], str | None],
    splits: Collection[str] = SPLITS,
) -> list[dict[str, Any]]:
    """One batch: rows with the script that proves them, its verdict and its steps; only of some
    splits, if `splits` says so.

    `contaminated` says of a row why no model may see it, or None.
    """
    rng = Random(f"batch {seed} {number}")
    first = (seed * 1_000_000 + number) * SEEDS
    some = (d for d in map(draft, range(first, first + SEEDS)) if split_of(d) in splits)
    drafts = _distinct(islice(some, BASE), known)
    entries, proved = await _attempt(pool, judge, drafts, known, contaminated)
    children = _distinct(_children(rng, proved), known)
    more, _ = await _attempt(pool, judge, children, known, contaminated)
    return entries + more


def _distinct(drafts: Iterable[Draft], known: Known) -> list[Draft]:
    return list({d.name: d for d in drafts if d.name not in known.names}.values())


def _children(
    rng: Random, proved: Sequence[tuple[Draft, Script, Sequence[Step]]]
) -> Iterator[Draft]:
    """What the operators make of statements whose proofs are known."""
    alone: list[Callable[[Draft], Draft]] = [
        evolve.compose,
        evolve.contrapose,
        evolve.curry,
        lambda d: evolve.drop_conjunct(d, rng),
        lambda d: evolve.specialise(d, rng),
        lambda d: evolve.specialise(d, rng),
        lambda d: evolve.generalise(d, rng),
        lambda d: evolve.witness(d, rng),
    ]
    parents = [replace(d, scripts=(script,)) for d, script, _ in proved]
    for parent, (_, _, steps) in zip(parents, proved, strict=True):
        for operator in rng.sample(alone, 2):
            try:
                yield operator(parent)
            except ValueError:
                continue
        if rng.random() < 0.5:
            other = rng.choice(parents)
            operator2 = rng.choice([evolve.conjoin, evolve.distract])
            try:
                if other is not parent:
                    yield operator2(parent, other)
            except ValueError:
                pass
        inner = [i for i in range(1, len(steps)) if len(steps[i].state.goals) == 1]
        for index in rng.sample(inner, min(LIFTS, len(inner))):
            try:
                yield evolve.lift(parent, steps[index].state.goals[0], rest_of(steps, index))
            except ValueError:
                continue


async def _attempt(
    pool: LeanPool,
    judge: Judge,
    drafts: Sequence[Draft],
    known: Known,
    contaminated: Callable[[Row], str | None],
) -> tuple[list[dict[str, Any]], list[tuple[Draft, Script, Sequence[Step]]]]:
    """The new ones among some drafts that Lean accepts, as entries, and those with proofs. What was
    made by an operator and has no proof may be false and is dropped."""
    good, _ = await elaborate(pool, drafts)
    found: dict[str, tuple[Script, list[Step]]] = {}
    kept: list[Elaborated] = []
    for one in good:
        if contaminated(one.row) is None:
            proof = await first_script(pool, one.state, one.draft.scripts)
            if proof is not None:
                found[one.draft.name] = proof
                kept.append(one)
        pool.release([one.state])
    kept = [one for one in kept if known.add(one.row)]
    verdicts = await judge_scripts(
        pool, judge, [(one.draft, found[one.draft.name][0]) for one in kept]
    )
    entries: list[dict[str, Any]] = []
    proved: list[tuple[Draft, Script, Sequence[Step]]] = []
    for one in kept:
        script, steps = found[one.draft.name]
        verdict = verdicts[one.draft.name]
        if verdict.outcome is not Outcome.PROVED:
            continue
        entries.append(
            {
                "row": one.row.to_json(),
                "script": list(script),
                "verdict": {"outcome": str(verdict.outcome), "axioms": list(verdict.axioms)},
                "steps": [[step.state.pp, step.tactic] for step in steps],
            }
        )
        proved.append((one.draft, script, steps))
    return entries, proved


async def produce(
    pool: LeanPool,
    judge: Judge,
    folder: Path,
    batches: int,
    *,
    seed: int = 0,
    splits: Collection[str] = SPLITS,
    contaminated: Callable[[Row], str | None],
    report: Callable[[str], None] = lambda line: None,
) -> None:
    """Makes the batches that `folder` does not have yet.

    Raises:
        ElaborationFailed: Lean died of a batch twice.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = Known()
    for number in range(batches):
        path = folder / f"batch_{seed}_{number:05}.jsonl"
        if path.exists():
            for entry in read_jsonl(path):
                known.add(Row.from_json(entry["row"]))
            continue
        begin = time.monotonic()
        entries = await make_batch(pool, judge, seed, number, known, contaminated, splits)
        write_jsonl(path, entries)
        seconds = time.monotonic() - begin
        report(
            f"batch {number}: {len(entries)} statements in {seconds:.0f} s, {len(known.names)} in all"
        )


def held_out(test: str = "statements") -> list[Row]:
    """The statements of a test, which nothing trains on: what provers are compared by.

    `statements` are instances of templates; `library` are theorems of Init and Std, of modules that
    no training statement is from, each with only what stands before its module; `programs` are
    equations about random programs of their own.

    Raises:
        WrongUse: there is no such test, or its file is not the one that was published.
    """
    if test not in TESTS:
        raise WrongUse(f"there is no test {test}; there are: {', '.join(TESTS)}")
    path = TESTS[test]
    data = path.read_bytes()
    digest = sha256(data).hexdigest()
    if digest != path.with_suffix(".sha256").read_text("utf-8").split()[0]:
        raise WrongUse(f"{path} was changed: its sha256 is {digest}")
    return [Row.from_json(row) for row in json_lines(data, str(path))]


def all_held_out() -> list[Row]:
    """The statements of all tests."""
    return [row for test in TESTS for row in held_out(test)]


def assemble(folder: Path, out: Path) -> Counter[str]:
    """Writes train, valid and test statements, the proofs, and the pairs of states and tactics of
    the training statements; gives the number of lines of each file.

    The test has at most `HELD_OUT_ROWS` rows, families and templates in turn. What else falls to it
    is in no file, and no training file has what it or the published test has.
    """
    entries = [e for path in sorted(folder.glob("batch_*.jsonl")) for e in read_jsonl(path)]
    rows = {split: [e for e in entries if e["row"]["split"] == split] for split in SPLITS}
    known = Known()
    rows["test"] = [e for e in rows["test"] if known.add(Row.from_json(e["row"]))]
    rows["test"] = _in_turn(rows["test"])[:HELD_OUT_ROWS]
    for row in held_out():
        known.add(row)
    for split in ("train", "valid"):
        rows[split] = [e for e in rows[split] if known.add(Row.from_json(e["row"]))]
    files: dict[str, list[dict[str, Any]]] = {}
    for split, some in rows.items():
        files[split] = [e["row"] for e in some]
        files["proofs" if split == "train" else f"proofs_{split}"] = [
            {
                "statement_sha256": e["row"]["statement_sha256"],
                "script": "\n".join(e["script"]),
                "verdict": e["verdict"],
            }
            for e in some
        ]
    for name, split in (("pairs", "train"), ("pairs_valid", "valid")):
        files[name] = [
            {"state": state, "tactic": tactic, "name": e["row"]["name"]}
            for e in rows[split]
            for state, tactic in e["steps"]
        ]
    for name, lines in files.items():
        write_jsonl(out / f"{name}.jsonl", lines)
    return Counter({name: len(lines) for name, lines in files.items()})


def for_training(rows: Iterable[Row], tests: Sequence[Row]) -> list[Row]:
    """Those statements that may be trained on beside these tests: none of the type of one of them or
    about its program, none of a kind that is kept from training, and none that the library shows with
    its own proof."""
    types = {row.key for row in tests}
    headers = {row.header for row in tests if row.family == programs.FAMILY}
    return [
        row
        for row in rows
        if row.split == "train"
        and not row.of_new_kind
        and row.knobs.get("visible") != "all"
        and row.key not in types
        and row.header not in headers
    ]


def check_disjoint(training: Iterable[Row], test: Iterable[Row]) -> None:
    """That no statement for training has the type, under the same definitions, of one of the test.

    Raises:
        ValueError: names one that has.
    """
    held = {(row.header, row.key): row.name for row in test}
    for row in training:
        if (row.header, row.key) in held:
            name = held[row.header, row.key]
            raise ValueError(f"{row.name} is in the held-out test as {name}: leave it out")


def _in_turn(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Families in turn, within a family the templates that all began with, in the order of their
    hashes."""
    groups: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for entry in sorted(entries, key=lambda e: e["row"]["statement_sha256"]):
        row = Row.from_json(entry["row"])
        groups[row.family][row.root_template].append(entry)
    return _rotate(
        [
            _rotate([list(entries) for _, entries in sorted(templates.items())])
            for _, templates in sorted(groups.items())
        ]
    )


def _rotate(lists: Sequence[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    longest = max((len(entries) for entries in lists), default=0)
    return [entries[i] for i in range(longest) for entries in lists if i < len(entries)]
