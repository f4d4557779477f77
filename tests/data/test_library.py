from dataclasses import replace
from pathlib import Path

import pytest

from prover.data.library import (
    LIBRARY,
    LibraryTheorem,
    Module,
    assemble,
    hide_later,
    produce,
    read_modules,
    read_statements,
)
from prover.data.theorems.statement import Row
from prover.files import read_jsonl
from prover.lean.worker import ElaborationFailed
from tests.lab import Lab


@pytest.fixture(scope="module")
def modules(_lab: Lab) -> dict[str, Module]:
    return {m.name: m for m in _lab.wait(read_modules(_lab.pool))}


@pytest.fixture(scope="module")
def pairs(_lab: Lab, modules: dict[str, Module]) -> list[LibraryTheorem]:
    return _lab.wait(read_statements(_lab.pool, modules["Init.Data.Prod"]))


def test_modules_come_after_what_they_import(modules: dict[str, Module]) -> None:
    assert len(modules) > 500
    assert sum(len(m.theorems) for m in modules.values()) > 20_000
    seen: set[str] = set()
    for module in modules.values():
        assert all(i in seen for i in module.imports if i in modules), module.name
        seen.add(module.name)
    theorems = modules["Init.Data.Nat.Basic"].theorems
    assert "Nat.add_comm" in theorems and "Nat.le_of_lt_succ" not in theorems
    assert not any("._" in t or t.endswith(".injEq") for t in theorems)


def test_statements_have_the_types_of_the_theorems(lab: Lab, modules: dict[str, Module]) -> None:
    module = modules["Init.Data.Function"]
    theorems = lab.wait(read_statements(lab.pool, module))
    assert len(theorems) >= 0.9 * len(module.theorems)
    text = "".join(
        f"{t.statement} := by sorry\nexample : @{t.row.name} = @{t.name} := rfl\n" for t in theorems
    )
    assert lab.elaborate(text, LIBRARY).errors == ()


def test_what_comes_later_can_be_hidden(
    lab: Lab, modules: dict[str, Module], pairs: list[LibraryTheorem]
) -> None:
    module = modules["Init.Data.Prod"]
    before = lab.wait(hide_later(lab.pool, module, pairs))
    assert before
    text = "".join(f"{t.statement} := by sorry\n" for t in before)
    assert lab.elaborate(text, module.header_before).errors == ()
    for theorem in before:
        (error,) = lab.elaborate(f"#check @{theorem.name}", module.header_before).errors
        assert "nknown" in error.text
        assert lab.elaborate(f"#check @{theorem.name}", LIBRARY).errors == ()


def test_a_statement_that_means_something_else_is_not_hidden(
    lab: Lab, modules: dict[str, Module], pairs: list[LibraryTheorem]
) -> None:
    other = replace(pairs[0], type_key="0")
    assert lab.wait(hide_later(lab.pool, modules["Init.Data.Prod"], [other])) == []


def test_rows_are_written_once_and_joined_without_doubles(lab: Lab, folder: Path) -> None:
    lines: list[str] = []

    def make(contaminated: str = "nothing") -> None:
        def benchmark(row: Row) -> str | None:
            return "known" if contaminated in row.statement else None

        roots = ["Init.Data.Prod", "Init.Data.Function"]
        lab.wait(produce(lab.pool, folder, roots, contaminated=benchmark, report=lines.append))

    make()
    assert sorted(p.name for p in folder.iterdir()) == [
        "Init.Data.Function.jsonl",
        "Init.Data.Prod.jsonl",
    ]
    rows = read_jsonl(folder / "Init.Data.Function.jsonl")
    assert {r["family"] for r in rows} == {"library"}
    counts = assemble(folder, folder / "out")
    keys = {r["key"] for path in folder.glob("*.jsonl") for r in read_jsonl(path)}
    assert sum(counts.values()) == len(keys)
    (folder / "Init.Data.Function.jsonl").unlink()
    make("njective")
    assert [line.split(":")[0] for line in lines[2:]] == ["Init.Data.Function"]
    left = read_jsonl(folder / "Init.Data.Function.jsonl")
    assert 0 < len(left) < len(rows)
    assert not any("njective" in r["statement"] for r in left)


def test_a_header_that_cannot_be_had_hides_nothing(lab: Lab) -> None:
    module = Module("Nowhere", ("Not.There",), ())
    assert lab.wait(hide_later(lab.pool, module, [])) == []
    with pytest.raises(ElaborationFailed):
        lab.elaborate("", module.header_before)
