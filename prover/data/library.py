"""The theorem statements of the Lean library itself, as text that elaborates to the same types.

Names, modules and imports come from the environment, statements from `#check`. A statement counts
only if Lean, reading it again, gets the very type back: the goal of the printed statement and the
goal of `type_of% @name` must have one key. Where the plain print is not enough, it is printed once
more with the types of numerals and with proofs written out.

A theorem may be tried with all of the library visible, itself included, or with only the modules
that its own module imports (`hide_later`), so that neither it nor what follows from it is there.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from prover.data.theorems.statement import SPLITS, Row, split_of_module, statement_sha256
from prover.files import read_jsonl, write_jsonl
from prover.lean.library import MACHINE_MADE, PLAIN_NAME
from prover.lean.pool import LeanPool
from prover.lean.source import BARE_HEADER
from prover.lean.states import Elaborated
from prover.lean.worker import ElaborationFailed

LIBRARY = "import Std\n" + BARE_HEADER

_DAGGER = re.compile(r"✝([⁰¹²³⁴⁵⁶⁷⁸⁹]*)")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")

_PRINTERS = (
    "",
    "set_option pp.numericTypes true\nset_option pp.proofs true\n",
    (
        "set_option pp.numericTypes true\nset_option pp.proofs true\nset_option pp.fieldNotation false\n"
        "set_option pp.funBinderTypes true\n"
    ),
    "set_option pp.explicit true\n",
)

_WALK = """\
open Lean Elab Command
partial def names (env : Environment) (ns : Array Name) (i : Nat) (acc : String) : String :=
  if h : i < ns.size then
    match getOriginalConstKind? env ns[i] with
    | some .thm => names env ns (i + 1) (acc ++ ns[i].toString ++ "\\n")
    | _ => names env ns (i + 1) acc
  else acc
partial def imports (is : Array Import) (i : Nat) (acc : String) : String :=
  if h : i < is.size then imports is (i + 1) (acc ++ " " ++ is[i].module.toString) else acc
partial def modules (env : Environment) (i : Nat) (acc : String) : String :=
  if h : i < env.header.moduleData.size then
    let data := env.header.moduleData[i]
    let name := match env.header.moduleNames[i]? with
      | some n => n.toString
      | none => ""
    modules env (i + 1)
      (names env data.constNames 0 (acc ++ "module " ++ name ++ imports data.imports 0 "" ++ "\\n"))
  else acc
#eval show CommandElabM String from do
  let env ← getEnv
  return modules env 0 ""
"""


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the library: what it imports, and the theorems it proves that a person wrote, in
    alphabetical order (the environment does not keep the order of the source)."""

    name: str
    imports: tuple[str, ...]
    theorems: tuple[str, ...]

    @property
    def header_before(self) -> str:
        """A header in which the library ends where this module begins."""
        prelude = "" if "Init" in self.imports else "prelude\n"
        return prelude + "".join(f"import {i}\n" for i in self.imports) + BARE_HEADER


@dataclass(frozen=True, slots=True)
class LibraryTheorem:
    """A theorem of the library: `statement` is a declaration of a theorem of another name without a
    body, `type_key` Lean's hash of its type. `header` is what it elaborates after."""

    name: str
    module: str
    header: str
    statement: str
    type_key: str

    @property
    def row(self) -> Row:
        """The line of a data file: `visible` says how much of the library the header shows."""
        visible = "all" if self.header == LIBRARY else "before"
        return Row(
            name=_new_name(self.name),
            header=self.header,
            statement=self.statement,
            family="library",
            knobs={"template": "library", "module": self.module, "visible": visible},
            seed=0,
            lineage=("library", self.module),
            key=self.type_key,
            split=split_of_module(self.module),
            statement_sha256=statement_sha256(self.header, self.statement),
        )


async def read_modules(pool: LeanPool, roots: Sequence[str] = ("Init", "Std")) -> list[Module]:
    """The library's modules under `roots`, each after the modules that it imports.

    Raises:
        ElaborationFailed: this Lean's library is laid out in another way.
    """
    done = await pool.elaborate("import Lean.Elab.Command\nimport Std\n", _WALK)
    if done.errors or not done.messages:
        raise ElaborationFailed("elaboration", str([*done.errors, "no output"][0]))
    modules: list[Module] = []
    for line in str(json.loads(done.messages[-1].text)).split("\n"):
        word, _, rest = line.partition(" ")
        if word == "module":
            name, *imports = rest.split()
            modules.append(Module(name, tuple(imports), ()))
        elif not MACHINE_MADE.search(line) and PLAIN_NAME.fullmatch(line):
            modules[-1] = replace(modules[-1], theorems=(*modules[-1].theorems, line))
    return [
        replace(module, theorems=tuple(sorted(module.theorems)))
        for module in modules
        if module.name.split(".")[0] in roots
    ]


async def read_statements(
    pool: LeanPool, module: Module, *, batch: int = 200
) -> list[LibraryTheorem]:
    """The statements of a module's theorems, those that survive being printed and read again."""
    found: dict[str, LibraryTheorem] = {}
    for start in range(0, len(module.theorems), batch):
        names = list(module.theorems[start : start + batch])
        for options in _PRINTERS:
            left = [name for name in names if name not in found]
            if left:
                for theorem in await _print(pool, module, left, options):
                    found[theorem.name] = theorem
    return [found[name] for name in module.theorems if name in found]


async def hide_later(
    pool: LeanPool, module: Module, theorems: Sequence[LibraryTheorem]
) -> list[LibraryTheorem]:
    """Those of a module's theorems whose statements mean the same where the library ends before
    the module, with that header. Theorems about what the module itself defines are not among them.
    """
    text = "".join(f"{t.statement} := by sorry\n" for t in theorems)
    try:
        done = await _elaborate(pool, module.header_before, text)
    except ElaborationFailed:
        return []
    keys = _keys(done, text)
    return [
        replace(t, header=module.header_before)
        for t in theorems
        if keys.get(_new_name(t.name)) == t.type_key
    ]


async def produce(
    pool: LeanPool,
    folder: Path,
    roots: Sequence[str],
    *,
    contaminated: Callable[[Row], str | None],
    report: Callable[[str], None] = lambda line: None,
) -> None:
    """Writes a file of rows for each module whose name is, or begins with, one of `roots`, and that
    `folder` does not have yet: with the header that hides what comes later where that is possible,
    with all of the library visible elsewhere.

    Raises:
        ElaborationFailed: Lean died of a module twice.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for module in await read_modules(pool):
        path = folder / f"{module.name}.jsonl"
        wanted = any(f"{module.name}.".startswith(f"{root}.") for root in roots)
        if not wanted or not module.theorems or path.exists():
            continue
        theorems = await read_statements(pool, module)
        before = {t.name: t for t in await hide_later(pool, module, theorems)}
        rows = [before.get(t.name, t).row for t in theorems]
        kept = [row.to_json() for row in rows if contaminated(row) is None]
        write_jsonl(path, kept)
        report(
            f"{module.name}: {len(module.theorems)} theorems, {len(theorems)} survive printing, "
            f"{len(before)} without what comes later"
        )


def assemble(folder: Path, out: Path) -> Counter[str]:
    """Writes the rows of all modules, each type once, as `library_train.jsonl` and so on; gives the
    number of lines of each file."""
    rows = {r["key"]: r for path in sorted(folder.glob("*.jsonl")) for r in read_jsonl(path)}
    counts: Counter[str] = Counter()
    for split in SPLITS:
        some = [row for row in rows.values() if row["split"] == split]
        write_jsonl(out / f"library_{split}.jsonl", some)
        counts[f"library_{split}"] = len(some)
    return counts


async def _elaborate(pool: LeanPool, header: str, text: str) -> Elaborated:
    """Elaborates a text; once more in a new process if the old one was full (every set of imports
    stays in a process's memory)."""
    try:
        return await pool.elaborate(header, text)
    except ElaborationFailed as failed:
        if failed.kind not in ("memory", "crash"):
            raise
        return await pool.elaborate(header, text)


async def _print(
    pool: LeanPool, module: Module, names: Sequence[str], options: str
) -> list[LibraryTheorem]:
    done = await _elaborate(pool, LIBRARY, options + "".join(f"#check {n}\n" for n in names))
    first = options.count("\n") + 1
    printed = {m.line - first: m.text for m in done.messages if m.severity == "info"}
    theorems: dict[str, str] = {}
    text = ""
    for index, name in enumerate(names):
        signature = printed.get(index, "")
        if not signature.startswith(name):
            continue
        universes = re.match(r"(\.\{[^}]*\})?", signature[len(name) :])
        assert universes is not None
        rest = _readable(signature[len(name) + universes.end() :])
        levels = universes[0]
        new = _new_name(name)
        statement = f"theorem {new}{levels}{rest}"
        theorems[name] = statement
        text += f"theorem original.{new}{levels} : type_of% @{name}{levels} := by sorry\n"
        text += f"{statement} := by sorry\n"
    keys = _keys(await _elaborate(pool, LIBRARY, text), text)
    same = []
    for name, statement in theorems.items():
        key = keys.get(_new_name(name))
        if key is not None and key == keys.get(f"original.{_new_name(name)}"):
            same.append(LibraryTheorem(name, module.name, LIBRARY, statement, key))
    return same


def _keys(done: Elaborated, text: str) -> dict[str, str]:
    """The hashes of the types of a text's theorems, by name. A goal's key is the hash of its closed
    form, a dot, and the hash of its print."""
    starts = {d.name: (d.first, d.last) for d in done.declarations}
    keys = {}
    for hole in done.holes:
        for name, (first, last) in starts.items():
            if first <= hole.first < last:
                keys[name] = hole.state.key.split(".")[0]
                del starts[name]
                break
    return keys


def _readable(signature: str) -> str:
    """A printed signature with names for what had none."""
    named = _DAGGER.sub(lambda m: "_" + (m[1].translate(_SUPERSCRIPTS) or "0"), signature)
    return re.sub(r"\n\s+", " ", named)


def _new_name(name: str) -> str:
    return "lib_" + re.sub(r"[^\w'!?₀-₉]", "_", name)
