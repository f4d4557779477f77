"""Random programs and what computing finds about them, with real Lean."""

import pytest

from prover.data.theorems.programs import SCHEMAS, program, statements
from prover.data.theorems.statement import Row
from tests.lab import Lab

MANY = 30
SEEDS = (0, 1, 4, 7, 10, 14, 18, 22, 29)
"""Programs with all that those from so many seeds are made of."""


def test_a_program_follows_from_its_seed() -> None:
    assert [program(seed) for seed in range(20)] == [program(seed) for seed in range(20)]
    assert len({program(seed)[0] for seed in range(MANY)}) == MANY


def test_programs_are_lean(lab: Lab) -> None:
    def schemas(seed: int) -> set[str]:
        return {s[0] for s in SCHEMAS for name, _ in program(seed)[1] if name in s[0].split()}

    assert set().union(*map(schemas, SEEDS)) == set().union(*map(schemas, range(MANY)))
    bad = {}
    for seed in SEEDS:
        text, functions = program(seed)
        done = lab.wait(lab.pool.elaborate("", text))
        if done.errors:
            bad[seed] = str(done.errors[0])
        assert functions, text
    assert not bad


def test_statements_are_about_the_program_and_not_by_definition(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.data.theorems.programs.SIZES", 3)
    seed = 7
    rows = lab.wait(statements(lab.pool, seed))
    assert rows == lab.wait(statements(lab.pool, seed))
    assert rows and len({row.key for row in rows}) == len(rows)
    for row in rows:
        assert row == Row.from_json(row.to_json())
        assert row.header == program(seed)[0] and row.root == rows[0].root
        done = lab.wait(lab.pool.elaborate(row.header, f"{row.statement} := by intros; rfl"))
        assert done.errors, row.statement
