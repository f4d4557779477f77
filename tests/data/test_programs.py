"""Random programs and what computing finds about them, with real Lean."""

from prover.data.theorems.programs import program, statements
from prover.data.theorems.statement import Row
from tests.lab import Lab

MANY = 30


def test_a_program_follows_from_its_seed() -> None:
    assert [program(seed) for seed in range(20)] == [program(seed) for seed in range(20)]
    assert len({program(seed)[0] for seed in range(MANY)}) == MANY


def test_programs_are_lean(lab: Lab) -> None:
    bad = {}
    for seed in range(MANY):
        text, functions = program(seed)
        done = lab.wait(lab.pool.elaborate("", text))
        if done.errors:
            bad[seed] = str(done.errors[0])
        assert functions, text
    assert not bad


def test_statements_are_about_the_program_and_not_by_definition(lab: Lab) -> None:
    seed = next(s for s in range(MANY) if "snoc" in program(s)[0] or "last" in program(s)[0])
    rows = lab.wait(statements(lab.pool, seed))
    assert rows == lab.wait(statements(lab.pool, seed))
    assert rows and len({row.key for row in rows}) == len(rows)
    for row in rows:
        assert row == Row.from_json(row.to_json())
        assert row.header == program(seed)[0] and row.root == rows[0].root
        done = lab.wait(lab.pool.elaborate(row.header, f"{row.statement} := by intros; rfl"))
        assert done.errors, row.statement
