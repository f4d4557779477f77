"""A benchmark run: searches of all statements, each a row in a file that survives anything.

The file is JSON lines. The first says what the run is (`run`: its settings and its statements); a
line `session` says on what machine, and when, the lines after it were made, a line `canaries` what
became of the false statements that were searched beside. All others are attempts, written to the
disk as soon as they have ended:

    name, split, statement_sha256, attempt, seed
    outcome            of the verdict, or `not elaborating`, `needs Mathlib`, `timeout`, `memory`,
                       `crash` if there was nothing to search; `reason` says it in words
    capped             the search was ended by the cap on its wall time
    expansions, lean_calls, tokens, heartbeats, failures (of tactics, by kind; `malformed` are those
                       that Lean was not asked about, because they are no text or have no score)
    seconds            by phase: elaborate, search, generate, verify
    proof, steps, made_by (how many steps are the portfolio's, how many the model's), axioms,
    layers, type_hash  of what is proved; and, where lemmas were found on the way, `lemmas` (names and
                       statements) and `text`, which holds them before the theorem

Along proofs in words, `words` is `followed` where a sketch is what came to the outcome, with its whole
`text`; else it says why the statement was searched as it stands. `sketches` is how many there were.

A search is a function of the statement, the model and a seed. So a run that was killed goes on
where it was, and several hosts can each do a shard.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import platform
import re
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import psutil
from filelock import FileLock, Timeout

from prover.api import Filled, Options, Prover, Settings, StatementError
from prover.errors import WrongUse
from prover.evaluate.along import follow
from prover.evaluate.benchmark import Theorem, core, digest
from prover.evaluate.canaries import CanaryProved, canaries
from prover.files import mend, read_file, write_jsonl
from prover.generate.models import local_name
from prover.generate.portfolio import Portfolio
from prover.generate.shipped import ranker_digest
from prover.informal.modelled import writing
from prover.informal.writer import Writer
from prover.lean.toolchain import Lean
from prover.verify.verdict import Outcome
from search.graph import Graph
from search.interfaces import Request
from search.proof import layout
from search.scheduler import SearchFailed

FORMAT = 1
NOT_SEARCHED = ("not elaborating", "needs Mathlib", "timeout", "memory", "crash")
"""Outcomes of statements for which there was no search; they count as not proved."""

Key = tuple[str, int]


@dataclass(frozen=True)
class Plan:
    """What is run: `attempts` searches of each of these theorems, of which shard (i, n) has those
    at the positions i - 1, i - 1 + n, …; `benchmark` is how the reports call them. `subset` is
    empty, or `core`: Mathlib is left out, and what does not elaborate then is not in the subset.
    `informal`: the proofs in words are followed, by sketches of the model `sketcher` or, without one,
    as far as the controlled language reads them."""

    theorems: tuple[Theorem, ...]
    benchmark: str
    settings: Settings
    options: Options = field(default_factory=Options)
    attempts: int = 1
    subset: str = ""
    split: str = ""
    shard: tuple[int, int] = (1, 1)
    canaries: int = 4
    together: int | None = None
    decontamination: str = ""
    file_sha256: str = ""
    informal: bool = False
    sketcher: str | None = None


@dataclass
class Results:
    """A file of results, read. `settings` say what was run; `statements` are all statements of the
    run, those of other shards too: name, split, hash and copy."""

    path: Path
    settings: dict[str, Any]
    statements: list[dict[str, str]]
    rows: dict[Key, dict[str, Any]] = field(default_factory=dict)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    canaries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def expected(self) -> list[Key]:
        """The attempts that make up the run, or its shard."""
        first, count = self.settings["shard"]
        own = self.statements[first - 1 :: count]
        return [
            (statement["name"], attempt)
            for attempt in range(self.settings["attempts"])
            for statement in own
        ]

    @property
    def missing(self) -> list[Key]:
        return [key for key in self.expected if key not in self.rows]


def read_results(path: Path) -> Results:
    """Reads a file of results. A last line that a kill has torn is passed over.

    Raises:
        WrongUse: it is no such file, or a line in it is damaged.
    """
    text = read_file(path)
    lines = text[: text.rfind(b"\n") + 1].split(b"\n")[:-1]
    results = None
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            if number == 1:
                run = row["run"]
                if run["format"] != FORMAT:
                    raise WrongUse(f"{path} is of format {run['format']}, not {FORMAT}")
                results = Results(path, run["settings"], run["statements"])
            elif "session" in row and results:
                results.sessions.append(row["session"])
            elif "canaries" in row and results:
                results.canaries.append(row["canaries"])
            elif results:
                results.rows.setdefault((row["name"], row["attempt"]), row)
        except (ValueError, KeyError, TypeError) as error:
            raise WrongUse(f"{path}, line {number}: not a line of results ({error!r})") from None
    if results is None:
        raise WrongUse(f"{path} holds no results")
    return results


async def run(
    prover: Prover,
    plan: Plan,
    out: Path,
    *,
    resume: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> bool:
    """Searches what is not in the file yet; says whether all of it is there now. It is not if the
    prover was interrupted.

    Raises:
        WrongUse: the file is there and `resume` is not set, was begun with other settings, or
            another process writes to it.
        CanaryProved: something false was accepted as proved; the file says so.
        ModelError, LeanUnavailable: a search cannot go on; the rows so far are in the file.
    """
    place = out.with_name(f".{out.name}.lock")
    lock = FileLock(place)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise WrongUse(f"another process writes to {out}") from None
    try:
        async with contextlib.AsyncExitStack() as stack:
            writer = None
            if plan.sketcher is not None:
                writer = await stack.enter_async_context(writing(plan.sketcher))
            file = _begin(await identity(plan, prover), plan, out, resume)
            return await _run(prover, plan, out, stack.enter_context(file), report, writer)
    finally:
        lock.release()
        place.unlink(missing_ok=True)


def _begin(settings: dict[str, Any], plan: Plan, out: Path, resume: bool) -> IO[str]:
    """The file, ready to be added to."""
    if out.exists() and not resume and out.stat().st_size:
        raise WrongUse(f"{out} is there already: --resume goes on with it, --out names another")
    if out.exists():
        mend(out)
    new = not out.exists() or not out.stat().st_size
    if not new:
        _same(read_results(out).settings, settings, f"{out} was begun with other settings")
    file = out.open("a", encoding="utf-8")
    if new:
        statements = [
            {"name": t.name, "split": t.split, "sha256": t.sha256, "copy": t.copy}
            for t in plan.theorems
        ]
        head = {"format": FORMAT, "settings": settings, "statements": statements}
        _append(file, {"run": head})
    return file


def _append(file: IO[str], row: dict[str, Any]) -> None:
    """Writes a line through to the disk."""
    file.write(json.dumps(row, ensure_ascii=False) + "\n")
    file.flush()
    os.fsync(file.fileno())


def _same(there: dict[str, Any], here: dict[str, Any], complaint: str) -> None:
    names = [name for name in {**there, **here} if there.get(name) != here.get(name)]
    if names:
        differs = "; ".join(f"{n}: {there.get(n)} there, {here.get(n)} here" for n in names)
        raise WrongUse(f"{complaint} ({differs})")


async def _run(
    prover: Prover,
    plan: Plan,
    out: Path,
    file: IO[str],
    report: Callable[[str], None],
    writer: Writer | None,
) -> bool:
    results = read_results(out)
    first, count = plan.shard
    own = plan.theorems[first - 1 :: count]
    todo = deque(
        (theorem, attempt)
        for attempt in range(plan.attempts)
        for theorem in own
        if (theorem.name, attempt) not in results.rows
    )
    if not todo:
        return True
    jobs = prover.engine.pool.capacity
    together = plan.together or (max(8, 4 * jobs) if prover.engine.settings.model else 2 * jobs)
    _append(file, {"session": _session(jobs, together)})
    total, done = len(results.expected), len(results.rows)
    proved = sum(row["outcome"] == "proved" for row in results.rows.values())
    false = 0 if results.canaries else plan.canaries
    header = core(own[0]).header if plan.subset == "core" else own[0].header
    interrupted = False

    async def work() -> None:
        nonlocal done, proved, interrupted
        while todo and not interrupted:
            theorem, attempt = todo.popleft()
            row = await _attempt(prover, plan, theorem, attempt, writer)
            if row is None:
                interrupted = True
                return
            _append(file, row)
            done += 1
            proved += row["outcome"] == "proved"
            report(f"{done}/{total} {row['outcome']:<15} {theorem.name} · {proved} proved")

    try:
        async with canaries(prover, header, false=false) as watch:
            tasks = [asyncio.create_task(work()) for _ in range(min(together, len(todo)))]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    except CanaryProved as alarm:
        _append(file, {"canaries": {"searched": 0, "proved": str(alarm)}})
        raise
    if false and not interrupted:
        _append(file, {"canaries": {"searched": watch.searched, "proved": None}})
    return not interrupted


async def _attempt(
    prover: Prover, plan: Plan, theorem: Theorem, attempt: int, writer: Writer | None
) -> dict[str, Any] | None:
    """The row of one attempt; None if it was interrupted."""
    seed = plan.options.seed + attempt
    row: dict[str, Any] = {
        "name": theorem.name,
        "split": theorem.split,
        "statement_sha256": theorem.sha256,
        "attempt": attempt,
        "seed": seed,
    }
    chosen = core(theorem) if plan.subset == "core" else theorem
    begin = time.monotonic()
    options = replace(plan.options, seed=seed)
    followed = None
    try:
        if plan.informal:
            followed = await follow(prover, chosen, options, writer)
        filled = (
            followed.filled
            if followed
            else await prover.fill_statement(
                chosen.statement,
                header=chosen.header,
                informal=chosen.informal_statement,
                options=options,
            )
        )
    except StatementError as error:
        outcome = _why_not(error)
        seconds = {"elaborate": round(time.monotonic() - begin, 3)}
        return row | {"outcome": outcome, "reason": str(error), "seconds": seconds}
    except SearchFailed as failed:
        return row | {"outcome": "crash", "reason": str(failed), "seconds": {}}
    verdict = filled.verdicts[-1]
    if verdict.reason == "interrupted":
        return None
    spent = followed.spent if followed else verdict.spent
    failures = followed.failures if followed else filled.failures
    took = followed.seconds if followed else filled.seconds
    row |= {
        "outcome": str(verdict.outcome),
        "reason": verdict.reason,
        "capped": verdict.reason.endswith("(seconds)"),
        "expansions": spent.expansions,
        "lean_calls": spent.tactics,
        "tokens": spent.tokens,
        "heartbeats": spent.heartbeats,
        "failures": dict(sorted(failures.items())),
        "seconds": {phase: round(amount, 3) for phase, amount in took.items()},
    }
    if followed:
        row |= {"words": followed.words, "sketches": followed.sketches}
    if verdict.outcome is Outcome.DISPROVED:
        return row | {"counterexample": verdict.counterexample, "disproof": verdict.disproof}
    if not verdict.proved:
        return row
    sketch = followed.sketch if followed else None
    if followed and sketch:
        steps = len(sketch.steps) + sum(map(_steps, filled.graphs))
        row |= {"text": filled.text, "proof": followed.proof, "steps": steps}
        row["made_by"] = {"a sketch and its search": steps}
    if verdict.lemmas:
        row |= {"lemmas": list(verdict.lemmas), "text": verdict.text}
    if not sketch:
        row |= {"proof": verdict.proof, "steps": _steps(filled.graphs[0])}
        row["made_by"] = await _made_by(filled, plan.settings)
    return row | {
        "axioms": list(verdict.axioms),
        "layers": [layer.name for layer in verdict.layers if layer.passed],
        "type_hash": verdict.type_hash,
    }


def _why_not(error: StatementError) -> str:
    if error.kind in ("timeout", "memory", "crash"):
        return error.kind
    if error.kind == "import" and "Mathlib" in str(error):
        return "needs Mathlib"
    return "not elaborating"


def _steps(graph: Graph) -> int:
    proof = graph.proof()
    return 0 if proof is None else sum(1 for _ in proof.nodes())


async def _made_by(filled: Filled, settings: Settings) -> dict[str, int]:
    """How many steps of a proof the portfolio suggests where they stand; the others are the
    model's. An `exact` may be the model's, or Lean's answer to the portfolio's `exact?`."""
    proof = filled.graphs[0].proof()
    steps = [] if proof is None else list(proof.nodes())
    if settings.model is None or not settings.portfolio:
        return {"portfolio" if settings.model is None else "model": len(steps)}
    counts: Counter[str] = Counter()
    for step in steps:
        stream = Portfolio().generate([Request(step.state)])
        known = {layout(suggestion.tactic) async for _, suggestion in stream}
        if step.tactic in known:
            counts["portfolio"] += 1
        elif "exact?" in known and step.tactic.startswith("exact "):
            counts["either"] += 1
        else:
            counts["model"] += 1
    return dict(sorted(counts.items()))


# What a run is


async def identity(plan: Plan, prover: Prover) -> dict[str, Any]:
    """What must be the same for a run to go on, and, but for the shard, for shards to be merged."""
    settings, options, lean = plan.settings, plan.options, prover.lean
    model = None if prover.engine.settings.model is None else await prover.engine.model()
    job = prover.job(options)
    limits = settings.limits
    value = settings.value and str(Path(settings.value).resolve())
    return {
        "benchmark": plan.benchmark,
        "file_sha256": plan.file_sha256,
        "statements_sha256": digest(plan.theorems),
        "split": plan.split,
        "subset": plan.subset,
        "shard": list(plan.shard),
        "attempts": plan.attempts,
        "seed": options.seed,
        "budget": {k: v for k, v in asdict(options.budget).items() if k != "seconds"},
        "cap_seconds": options.budget.seconds,
        "tactic": {"heartbeats": limits.heartbeats, "cap_seconds": limits.tactic_seconds},
        "width": job.width,
        "alpha": job.alpha,
        "portfolio": settings.portfolio,
        "lemmas": options.discover,
        "ranker_sha256": ranker_digest(settings.ranker),
        "value_sha256": model_identity(value)["model_sha256"],
        **model_identity(settings.model),
        "prompt_format": model and model.format.name,
        "few_shot_sha256": _sha256(settings.few_shot),
        "score": model and model.format.score,
        "sampling": model and asdict(model.sampling),
        "decontamination": plan.decontamination,
        "lean": lean.version,
        "lean_commit": lean.commit,
        "lean_kind": lean.kind,
        "mathlib": _mathlib(lean),
        "canaries": plan.canaries,
        "informal": plan.informal or None,
        "sketcher": plan.sketcher and model_identity(plan.sketcher)["model"],
    }


def _sha256(file: str | None) -> str | None:
    return file and hashlib.sha256(Path(file).read_bytes()).hexdigest()


def model_identity(spec: str | None) -> dict[str, Any]:
    """A model's name without the folders of this machine, and the SHA-256 of its files: of their
    names and contents, in order. A server's model has none."""
    if spec is None:
        return {"model": None, "model_sha256": None}
    if spec.startswith(("http://", "https://")):
        return {"model": spec.partition("#")[2], "model_sha256": None}
    name = local_name(spec)
    folder = Path(name)
    _, mark, arguments = spec.partition("?") if spec.startswith("vllm:") else ("", "", "")
    if folder.is_dir():
        name = folder.resolve().name + mark + arguments
    else:
        from huggingface_hub import snapshot_download

        try:
            folder = Path(snapshot_download(name, local_files_only=True))
        except (OSError, ValueError):
            return {"model": name + mark + arguments, "model_sha256": None}
        name += mark + arguments
    found = hashlib.sha256()
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        with file.open("rb") as content:
            own = hashlib.file_digest(content, "sha256").hexdigest()
        found.update(f"{file.name} {own}\n".encode())
    return {"model": name, "model_sha256": found.hexdigest()}


def _mathlib(lean: Lean) -> str | None:
    """The revision of Mathlib that a project is locked to."""
    if lean.root is None:
        return None
    try:
        manifest = json.loads((lean.root / "lake-manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    packages = manifest.get("packages", [])
    return next((p.get("rev") for p in packages if p.get("name") == "mathlib"), None)


def _session(jobs: int, together: int) -> dict[str, Any]:
    """The machine, the code, and what else may change between sessions of a run."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        own = version("prover")
    except PackageNotFoundError:
        own = "not installed"
    return {
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "jobs": jobs,
        "together": together,
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": _gpu(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "prover": own,
        "code_sha256": code_digest(),
    }


def code_digest() -> str:
    """The SHA-256 of the code that searches and judges."""
    import prover
    import search
    from prover.lean.embedded import source_of

    found = hashlib.sha256()
    for program in ("Gym", "Judge"):
        found.update(source_of(program).read_bytes())
    for package in (prover, search):
        folder = Path(str(package.__file__)).parent
        for file in sorted(folder.rglob("*.py")):
            found.update(f"{file.relative_to(folder)}\n".encode() + file.read_bytes())
    return found.hexdigest()


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        text = ""
    match = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return match[1] if match else platform.processor() or platform.machine()


def _gpu() -> str | None:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return f"{torch.cuda.device_count()} × {torch.cuda.get_device_name(0)}"


# Shards


@dataclass(frozen=True)
class Merged:
    """What came of a merge: attempts that no file has, and that several have, with whether their
    outcomes differ."""

    attempts: int
    gaps: tuple[Key, ...]
    overlaps: tuple[Key, ...]
    conflicts: tuple[Key, ...]


def merge(paths: Sequence[Path], out: Path) -> Merged:
    """Puts the shards of a run together in one file. Of attempts that several files have, the
    first counts.

    Raises:
        WrongUse: a file cannot be read, or they are not of one run.
    """
    if out.exists():
        raise WrongUse(f"{out} is there already")
    shards = [read_results(path) for path in paths]
    whole = {**shards[0].settings, "shard": [1, 1]}
    for shard in shards[1:]:
        complaint = f"{shards[0].path} and {shard.path} are of different runs"
        _same(whole, {**shard.settings, "shard": [1, 1]}, complaint)
    rows: dict[Key, dict[str, Any]] = {}
    overlaps, conflicts = [], []
    for shard in shards:
        for key, row in shard.rows.items():
            if key not in rows:
                rows[key] = row
                continue
            overlaps.append(key)
            if rows[key]["outcome"] != row["outcome"]:
                conflicts.append(key)
    merged = Results(out, whole, shards[0].statements, rows)
    lines: list[dict[str, Any]] = [
        {"run": {"format": FORMAT, "settings": whole, "statements": merged.statements}}
    ]
    lines += [{"session": session} for shard in shards for session in shard.sessions]
    lines += [{"canaries": row} for shard in shards for row in shard.canaries]
    lines += [rows[key] for key in merged.expected if key in rows]
    _write(out, lines)
    return Merged(len(rows), tuple(merged.missing), tuple(overlaps), tuple(conflicts))


def _write(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    write_jsonl(path, lines)
