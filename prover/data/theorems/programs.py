"""Statements about random programs: datatypes and recursive functions of a file's own, and equations
between them that hold on all values they were computed at.

A program has its own numbers, lists or trees, under names of all kinds, and functions drawn from schemas
of structural recursion, where each schema leaves something to chance and later functions may be made of
earlier ones. What is to be proved is found by computing: terms that have the same value at all points
are conjectured to be equal (QuickSpec: Claessen, Smallbone and Hughes, TAP 2010). Nothing says that it is
easy, or that it has been proved.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

from prover.data.theorems.statement import Row, split_of_text, statement_sha256
from prover.engine.exploring import explored, learned
from prover.engine.terms import statement
from prover.files import append_lines, mend, read_jsonl
from prover.lean.pool import LeanPool
from prover.lean.worker import ElaborationFailed
from search.context import Context
from search.interfaces import Progress, State

FAMILY = "programs"
PER_PROGRAM = 6
"""Statements that are kept of a program."""

SIZES = 5
"""How many sizes of terms are compared, from the smallest on."""

TYPE_NAMES = {
    "number": ("Num", "Peano", "Count", "Steps", "N", "Unary"),
    "list": ("Line", "Chain", "Stack", "Row", "L", "Words"),
    "tree": ("Tree", "Bush", "T", "Heap", "Plan"),
}
CONSTRUCTORS = {
    "number": (("zero", "succ"), ("z", "s"), ("none", "more"), ("start", "next")),
    "list": (("nil", "cons"), ("empty", "add"), ("done", "put")),
    "tree": (("leaf", "node"), ("tip", "fork"), ("bare", "branch")),
}

SCHEMAS: tuple[tuple[str, str, str, str], ...] = (
    # a name, the types of the arguments, the type of the result, the equations
    ("plus join sum", "nn", "n", ".{z}, y => y\n.{s} x, y => .{s} ({f} x y)"),
    ("minus less cut", "nn", "n", "x, .{z} => x\n.{z}, _ => .{z}\n.{s} x, .{s} y => {f} x y"),
    ("same eq alike", "nn", "b", ".{z}, .{z} => true\n.{s} x, .{s} y => {f} x y\n_, _ => false"),
    ("leq below atMost", "nn", "b", ".{z}, _ => true\n.{s} _, .{z} => false\n.{s} x, .{s} y => {f} x y"),
    ("top upper larger", "nn", "n", ".{z}, y => y\nx, .{z} => x\n.{s} x, .{s} y => .{s} ({f} x y)"),
    ("twice double dup", "n", "n", ".{z} => .{z}\n.{s} x => .{s} (.{s} ({f} x))"),
    ("half mid", "n", "n", ".{z} => .{z}\n.{s} .{z} => .{z}\n.{s} (.{s} x) => .{s} ({f} x)"),
    ("even paired", "n", "b", ".{z} => true\n.{s} x => !({f} x)"),
    ("times mul scale", "nn", "n", ".{z}, _ => .{z}\n.{s} x, y => {nnn} y ({f} x y)"),
    ("glue append cat", "ll", "l", ".{nil}, y => y\n.{cons} a x, y => .{cons} a ({f} x y)"),
    ("snoc last push", "le", "l", ".{nil}, e => .{cons} e .{nil}\n.{cons} a x, e => .{cons} a ({f} x e)"),
    ("size len count", "l", "n", ".{nil} => .{z}\n.{cons} _ x => .{s} ({f} x)"),
    ("rev back turned", "l", "l", ".{nil} => .{nil}\n.{cons} a x => {lll} ({f} x) (.{cons} a .{nil})"),
    ("flipOn revOn", "ll", "l", ".{nil}, y => y\n.{cons} a x, y => {f} x (.{cons} a y)"),
    ("mix zip weave", "ll", "l", ".{nil}, y => y\nx, .{nil} => x\n.{cons} a x, .{cons} b y => .{cons} a (.{cons} b ({f} x y))"),
    ("peel drop skip", "nl", "l", ".{z}, y => y\n_, .{nil} => .{nil}\n.{s} n, .{cons} _ x => {f} n x"),
    ("keep take first", "nl", "l", ".{z}, _ => .{nil}\n_, .{nil} => .{nil}\n.{s} n, .{cons} a x => .{cons} a ({f} n x)"),
    ("stutter echo", "l", "l", ".{nil} => .{nil}\n.{cons} a x => .{cons} a (.{cons} a ({f} x))"),
    ("fill many", "ne", "l", ".{z}, _ => .{nil}\n.{s} n, e => .{cons} e ({f} n e)"),
    ("each map lift", "(e→e)l", "l", "_, .{nil} => .{nil}\ng, .{cons} a x => .{cons} (g a) ({f} g x)"),
    ("odds every", "l", "l", ".{nil} => .{nil}\n.{cons} a .{nil} => .{cons} a .{nil}\n.{cons} a (.{cons} _ x) => .{cons} a ({f} x)"),
    ("mirror turn", "t", "t", ".{leaf} => .{leaf}\n.{node} x a y => .{node} ({f} y) a ({f} x)"),
    ("height depth", "t", "n", ".{leaf} => .{z}\n.{node} x _ y => .{s} ({nnn} ({f} x) ({f} y))"),
    ("weight nodes", "t", "n", ".{leaf} => .{z}\n.{node} x _ y => .{s} ({nnn} ({f} x) ({f} y))"),
    ("flat walk", "t", "l", ".{leaf} => .{nil}\n.{node} x a y => {lll} ({f} x) (.{cons} a ({f} y))"),
    ("graft under", "tt", "t", ".{leaf}, y => y\n.{node} x a z, y => .{node} ({f} x y) a z"),
    ("eachOf mapTree", "(e→e)t", "t", "_, .{leaf} => .{leaf}\ng, .{node} x a y => .{node} ({f} g x) (g a) ({f} g y)"),
    ("spine left", "t", "l", ".{leaf} => .{nil}\n.{node} x a _ => .{cons} a ({f} x)"),
)  # fmt: skip
"""`n`, `l`, `t` are the program's numbers, lists and trees, `e` the elements of the latter two; `{lll}` is
an earlier function of these types."""


def program(seed: int) -> tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    """The text of a random program, and its functions with the types of their arguments."""
    rng = Random(f"program {seed}")
    kinds = rng.choice(["n", "l", "ln", "ln", "ln", "tln", "tn", "tl"])
    own_numbers = rng.random() < 0.6
    words: dict[str, str] = {}
    types = {"b": "Bool", "e": rng.choice(["Nat", "α"])}
    lines = []
    for kind, letter in (("number", "n"), ("list", "l"), ("tree", "t")):
        first, second = rng.choice(CONSTRUCTORS[kind])
        name = rng.choice([n for n in TYPE_NAMES[kind] if n not in types.values()])
        words |= zip(
            {"n": ("z", "s"), "l": ("nil", "cons"), "t": ("leaf", "node")}[letter],
            (first, second),
            strict=True,
        )
        polymorphic = types["e"] == "α"
        types[letter] = f"{name} α" if polymorphic and letter != "n" else name
        fields = {
            "n": "(x : {0})",
            "l": "(a : {1}) (x : {0})",
            "t": "(x : {0}) (a : {1}) (y : {0})",
        }
        if letter == "n" and not own_numbers:
            types["n"], words["z"], words["s"] = "Nat", "zero", "succ"
        elif letter in kinds:
            parameter = " (α : Type)" if polymorphic and letter != "n" else ""
            arguments = fields[letter].format(types[letter], types["e"])
            lines += [
                f"inductive {name}{parameter} where",
                f"  | {first}",
                f"  | {second} {arguments}",
                "",
            ]
    made: dict[str, list[str]] = {}
    functions: list[tuple[str, tuple[str, ...]]] = []
    schemas = [
        s
        for s in SCHEMAS
        if set(s[1] + s[2]) - set("be(→)") <= set(kinds + "n" * (not own_numbers))
    ]
    for offered, arguments, result, equations in sorted(schemas, key=lambda _: rng.random()):
        needed = [w for w in ("nnn", "lll") if f"{{{w}}}" in equations]
        if len(functions) == 4 or any(w not in made for w in needed):
            continue
        free = [n for n in offered.split() if n not in dict(functions)]
        name = rng.choice(free)
        taken = _arguments(arguments)
        given = {w: rng.choice(made[w]) for w in needed}
        binder = " {α : Type}" if types["e"] == "α" and set(arguments + result) & set("elt") else ""
        kind = " → ".join([*(_written(a, types) for a in taken), types[result]])
        body = [f"  | {line}" for line in equations.format(f=name, **words, **given).split("\n")]
        lines += [f"def {name}{binder} : {kind}", *body, ""]
        functions.append((name, tuple(_written(a, types) for a in taken)))
        made.setdefault(arguments + result, []).append(name)
    return "\n".join(lines), tuple(functions)


def _arguments(text: str) -> list[str]:
    return ["e→e", *text.removeprefix("(e→e)")] if text.startswith("(") else list(text)


def _written(argument: str, types: dict[str, str]) -> str:
    return f"({types['e']} → {types['e']})" if argument == "e→e" else types[argument]


async def produce(
    pool: LeanPool,
    out: Path,
    programs: int,
    *,
    seed: int = 0,
    contaminated: Callable[[Row], str | None],
    report: Callable[[str], None] = lambda line: None,
) -> None:
    """Adds the statements about so many programs to a file, without those of programs that it has
    statements about already. No two statements have the same type under the same program."""
    mend(out)
    there = {row["seed"] for row in read_jsonl(out)} if out.exists() else set()
    for number in range(programs):
        one = seed * 1_000_000 + number
        if one in there:
            continue
        rows = {row.key: row for row in await statements(pool, one)}
        kept = [row.to_json() for row in rows.values() if contaminated(row) is None]
        append_lines(out, kept)
        report(f"program {number + 1} of {programs}: {len(kept)} statements")


async def statements(pool: LeanPool, seed: int) -> list[Row]:
    """What computing finds about one program, at most `PER_PROGRAM` statements, none of which holds by
    definition; none if the program does not elaborate."""
    text, functions = program(seed)
    binders, calls = ["{α : Type}"] if "α" in text else [], []
    for i, (name, arguments) in enumerate(functions):
        names = [f"a{i}{j}" for j in range(len(arguments))]
        binders += [f"({n} : {t})" for n, t in zip(names, arguments, strict=True)]
        calls.append(" ".join([name, *names]))
    if not calls:
        return []
    said = " ∧ ".join(f"{call} = {call}" for call in calls)
    found = await _opened(pool, text, f"theorem all {' '.join(binders)} : {said}")
    if found is None:
        return []
    state, context = found
    try:
        exploration, bench = explored(state, context)
        signatures: dict[str, None] = {}
        shown = {name: kind.signature.shown for name, kind in context.types.items()}
        for _ in range(SIZES):
            if not bench.points or not exploration.batch():
                break
            for equation in await learned(pool, state, exploration, bench):
                own = {s.name for s in equation.symbols} & context.functions.keys()
                if equation.variables and any(context.functions[n].recursive for n in own):
                    signatures[statement(equation, shown).signature] = None
    finally:
        pool.release([state])
    rows: list[Row] = []
    for signature in Random(f"statements {seed}").sample(list(signatures), len(signatures)):
        row = await _row(pool, text, signature, seed)
        if row is not None:
            rows.append(row)
        if len(rows) == PER_PROGRAM:
            break
    return rows


async def _opened(pool: LeanPool, header: str, said: str) -> tuple[State, Context] | None:
    try:
        done = await pool.elaborate("", f"{header}\n{said} := by sorry\n")
    except ElaborationFailed:
        return None
    states = [hole.state for hole in done.holes]
    if done.errors or len(states) != 1:
        pool.release(states)
        return None
    return states[0], await pool.context(states[0])


async def _row(pool: LeanPool, header: str, signature: str, seed: int) -> Row | None:
    program_ = sha256(header.encode()).hexdigest()
    name = f"program_{sha256((header + signature).encode()).hexdigest()[:10]}"
    said = f"theorem {name} {signature}"
    found = await _opened(pool, header, said)
    if found is None:
        return None
    by_definition = await pool.run(found[0], "intros; rfl")
    pool.release([found[0]])
    if isinstance(by_definition, Progress):
        return None
    return Row(
        name=name,
        header=header,
        statement=said,
        family=FAMILY,
        knobs={"template": "program"},
        seed=seed,
        lineage=("explore", f"program_{program_[:10]}"),
        key=found[0].key.split(".")[0],
        split=split_of_text(program_),
        statement_sha256=statement_sha256(header, said),
    )
