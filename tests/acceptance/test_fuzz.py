"""Honest files in every dress keep their verdicts; with one proof taken away, exactly it is missed;
and a broken proof is no proof. `PROVER_FUZZ=N` tries N random changes of each file instead of two
fixed ones."""

import os
import random
import re
from pathlib import Path

import pytest

from prover.api import StatementError
from prover.lean.states import Elaborated
from tests.acceptance.conftest import Bench
from tests.acceptance.fuzz import (
    HONEST,
    broken,
    join,
    left_open,
    made_false,
    other_statements,
    read_blocks,
    resting_on,
    theorems,
    wrapped,
)

FILES = sorted(HONEST.glob("*.lean"))
TRIES = int(os.environ.get("PROVER_FUZZ", "0"))

each_file = pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in FILES])


def seeds(path: Path, fixed: int) -> list[random.Random]:
    """Generators of random numbers, the same in every normal run."""
    if TRIES:
        return [random.Random() for _ in range(TRIES)]
    return [random.Random(f"{path.stem} {i}") for i in range(fixed)]


async def judged(bench: Bench, text: str) -> tuple[set[str], dict[str, str]]:
    """The declarations of a file that are proved, and those that are not, with the reasons."""
    verdicts = await bench.suite.prover.check_text(text)
    refused = {verdict.name: verdict.reason for verdict in verdicts if not verdict.proved}
    return {v.name for v in verdicts if v.proved} - set(refused), refused


@each_file
def test_an_honest_file_is_proved_in_every_dress(path: Path, bench: Bench) -> None:
    blocks = read_blocks(path)
    for rng in seeds(path, 2):
        file = wrapped(blocks, rng)
        proved, refused = bench.wait(judged(bench, file.text))
        assert refused == {}, f"{file.changes}\n{file.text}"
        assert set(file.names) <= proved, f"{file.changes}\n{file.text}"


@each_file
def test_what_is_missing_is_named(path: Path, bench: Bench) -> None:
    blocks = read_blocks(path)
    for rng in seeds(path, 1):
        index = rng.choice(theorems(blocks))
        for change in (left_open, made_false):
            file = wrapped([change(b) if b.index == index else b for b in blocks], rng)
            name = next(block.name for block in file.blocks if block.index == index)
            _, refused = bench.wait(judged(bench, file.text))
            about = f"{change.__name__} {name} {file.changes}: {refused}\n{file.text}"
            assert name in refused, about
            assert set(refused) <= resting_on(file.blocks, index), about


@each_file
def test_a_broken_proof_is_no_proof(path: Path, bench: Bench) -> None:
    """Plain Lean is asked: it elaborates a theorem without an error, and `#print axioms` shows no
    `sorryAx`."""
    blocks = read_blocks(path)
    for rng in seeds(path, 1):
        found = broken(blocks, rng)
        names = [new.name for new, old in zip(found, blocks, strict=True) if new != old]
        body = join(found)
        try:
            proved, _ = bench.wait(judged(bench, body))
        except StatementError:
            continue
        if not proved & set(names):
            continue
        asks = "".join(f"\n#print axioms {name}" for name in names)
        elaborated = bench.wait(bench.suite.pool.elaborate("", body + asks))
        good = _good(elaborated, names)
        assert proved & set(names) <= good, body


def _good(text: Elaborated, names: list[str]) -> set[str]:
    """The theorems that Lean elaborated without an error and that rest on no `sorry`."""
    said = {}
    for message in text.messages:
        match = re.match(r"'(.+)' (depends on axioms|does not depend)", message.text)
        if match is not None:
            said[match[1]] = "sorryAx" not in message.text
    lines = {text.offset(message) for message in text.errors}
    wrong = {
        declaration.name
        for declaration in text.declarations
        if any(declaration.first <= at <= declaration.last for at in lines)
    }
    return {name for name in names if said.get(name)} - wrong


@each_file
def test_another_statement_is_not_the_one_that_was_asked(path: Path, bench: Bench) -> None:
    blocks = read_blocks(path)
    solution = join(blocks)
    there = theorems(blocks)
    honest = join([left_open(b) if i in there else b for i, b in enumerate(blocks)])
    verdicts = bench.wait(bench.suite.prover.check_text(solution, statements=honest))
    assert {v.name: v.reason for v in verdicts if not v.proved} == {}
    for rng in seeds(path, 1):
        pairs = [(i, other) for i in there for other in other_statements(left_open(blocks[i]))]
        for index, other in rng.sample(pairs, min(3, len(pairs))):
            asked = [left_open(b) if i in there else b for i, b in enumerate(blocks)]
            asked[index] = other
            try:
                verdicts = bench.wait(
                    bench.suite.prover.check_text(solution, statements=join(asked))
                )
            except StatementError:
                continue  # no statement at all
            found = {v.name for v in verdicts if not v.proved}
            assert found == {blocks[index].name}, f"{other.text}\n{found}"
