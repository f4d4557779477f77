"""What a benchmark run says: figures with their intervals, and all that is needed to repeat it.

A report is a list of blocks, which `prover.render.document` writes.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prover.errors import WrongUse
from prover.evaluate.benchmark import Note, known_wrong
from prover.evaluate.run import NOT_SEARCHED, Results
from prover.evaluate.statistics import bootstrap, mcnemar, pass_at_k, wilson
from prover.generate.prompts import Llemma
from prover.render.document import Bars, Block, Curves, Foldout, Heading, Paragraph, Table
from prover.verify.kernel_bugs import known_bugs, sound_since
from search.interfaces import MALFORMED

PHASES = ("elaborate", "search", "generate", "verify")
MACHINE_DEPENDENT = ("timeout", "memory", "crash")
"""Kinds of failed tactics that another machine need not repeat."""

# Figures


@dataclass(frozen=True)
class Estimate:
    """A share with its 95% interval, and how that was found: `Wilson` or `bootstrap`."""

    value: float
    low: float
    high: float
    method: str

    def __str__(self) -> str:
        return f"{100 * self.value:.1f}% ({100 * self.low:.1f} to {100 * self.high:.1f})"


class Figures:
    """The figures of one run, from its rows. A statement without rows counts as not proved."""

    def __init__(self, results: Results, label: str = "") -> None:
        self.results = results
        self.label = label or results.path.stem
        self.attempts: int = results.settings["attempts"]
        own = set(results.expected)
        self.rows = [row for key, row in results.rows.items() if key in own]
        self.proved = [row for row in self.rows if row["outcome"] == "proved"]

    @cached_property
    def statements(self) -> list[dict[str, str]]:
        names = {name for name, _ in self.results.expected}
        return [s for s in self.results.statements if s["name"] in names]

    @cached_property
    def by_name(self) -> dict[str, list[dict[str, Any]]]:
        found = defaultdict(list)
        for row in self.rows:
            found[row["name"]].append(row)
        return found

    @cached_property
    def solved(self) -> set[str]:
        """Proved in at least one attempt."""
        return {row["name"] for row in self.proved}

    @cached_property
    def disproved(self) -> dict[str, dict[str, Any]]:
        """The statements that turned out false, with the row that says how."""
        return {row["name"]: row for row in self.rows if row["outcome"] == "disproved"}

    @cached_property
    def outside(self) -> set[str]:
        """With a subset: the statements that are not in it, because they do not elaborate."""
        if not self.results.settings["subset"]:
            return set()
        return {row["name"] for row in self.rows if row["outcome"] == "not elaborating"}

    @property
    def inside(self) -> list[dict[str, str]]:
        return [s for s in self.statements if s["name"] not in self.outside]

    @property
    def ks(self) -> list[int]:
        return [2**n for n in range(self.attempts.bit_length()) if 2**n < self.attempts] + [
            self.attempts
        ]

    def pass_at(self, k: int, statements: Sequence[dict[str, str]]) -> Estimate:
        """pass@k over these statements."""
        values = []
        for statement in statements:
            rows = self.by_name.get(statement["name"], [])
            successes = sum(row["outcome"] == "proved" for row in rows)
            values.append(
                pass_at_k(len(rows), successes, k) if len(rows) >= k else float(successes > 0)
            )
        if self.attempts == 1:
            successes = round(sum(values))
            low, high = wilson(successes, len(values))
            return Estimate(successes / len(values) if values else 0.0, low, high, "Wilson")
        low, high = bootstrap(values)
        return Estimate(statistics.fmean(values) if values else 0.0, low, high, "bootstrap")

    def curve(self, what: str) -> list[tuple[float, float]]:
        """How many statements an attempt has proved, on average, by when it has spent so much:
        `expansions`, `lean_calls` or `seconds`."""
        spent = sorted(
            sum(row["seconds"].values()) if what == "seconds" else row[what] for row in self.proved
        )
        points: dict[float, float] = {}
        for count, amount in enumerate(spent, 1):
            points[amount] = count / self.attempts
        return list(points.items())

    @cached_property
    def reasons(self) -> Counter[str]:
        """Why attempts ended without a proof."""
        return Counter(_reason(row) for row in self.rows if row["outcome"] != "proved")

    @cached_property
    def messages(self) -> Counter[str]:
        """The first message of statements that do not elaborate, without names."""
        first = {
            row["name"]: _message_class(row["reason"])
            for row in self.rows
            if row["outcome"] in ("not elaborating", "needs Mathlib")
        }
        return Counter(first.values())

    def seconds(self, rows: Iterable[dict[str, Any]]) -> dict[str, float]:
        """Wall time of these attempts by phase. Searches that run side by side wait for each
        other, and each counts its waiting."""
        total = dict.fromkeys(PHASES, 0.0)
        for row in rows:
            for phase, amount in row["seconds"].items():
                total[phase] += amount
        return total

    @property
    def capped(self) -> int:
        return sum(row.get("capped", False) for row in self.rows)

    @property
    def unsteady(self) -> int:
        """Tactics that ended for a reason of the machine."""
        return sum(
            row.get("failures", {}).get(kind, 0) for row in self.rows for kind in MACHINE_DEPENDENT
        )

    @property
    def malformed(self) -> int:
        """Suggestions that were not run: no text, or no score."""
        return sum(row.get("failures", {}).get(MALFORMED, 0) for row in self.rows)


def _reason(row: dict[str, Any]) -> str:
    outcome, reason = row["outcome"], row["reason"]
    if outcome == "not elaborating":
        return "does not elaborate"
    if outcome in NOT_SEARCHED and "expansions" not in row:
        return outcome if outcome == "needs Mathlib" else f"Lean: {outcome}"
    if outcome == "disproved":
        return "the statement is false"
    if outcome == "gave_up":
        if row["capped"]:
            return "cap on wall time"
        spent = re.fullmatch(r"the budget is spent \((\w+)\)", reason)
        return f"budget of {spent[1]}" if spent else reason
    return f"verdict: {outcome}"


def _message_class(reason: str) -> str:
    line = reason.splitlines()[0] if reason else ""
    line = re.sub(r"^(?:\d+:\d+: )?(?:error: )?", "", line)
    return re.sub(r"`[^`]*`", "`…`", line)[:120]


@dataclass(frozen=True)
class Paired:
    """Two runs on the statements that they share: what the second gained and lost, with the
    two-sided p-value of McNemar's exact test. `differing` are names whose statements differ."""

    both: tuple[str, ...]
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    neither: int
    p: float
    differing: tuple[str, ...]
    unshared: tuple[str, ...]


def paired(first: Figures, second: Figures) -> Paired:
    """Compares what two runs proved, in any of their attempts.

    Raises:
        WrongUse: they share no statement.
    """
    hashes = [{s["name"]: s["sha256"] for s in one.statements} for one in (first, second)]
    named = [name for name in hashes[0] if name in hashes[1]]
    same = [name for name in named if hashes[0][name] == hashes[1][name]]
    if not same:
        raise WrongUse(f"{first.results.path} and {second.results.path} share no statement")
    gained = tuple(n for n in same if n in second.solved and n not in first.solved)
    lost = tuple(n for n in same if n in first.solved and n not in second.solved)
    both = tuple(n for n in same if n in first.solved and n in second.solved)
    return Paired(
        both,
        gained,
        lost,
        len(same) - len(both) - len(gained) - len(lost),
        mcnemar(len(gained), len(lost)),
        tuple(name for name in named if name not in set(same)),
        tuple(sorted(hashes[0].keys() ^ hashes[1].keys())),
    )


# Blocks


def title(runs: Sequence[Figures]) -> str:
    """What the report is about; a subset and what is left out of it are part of the title."""
    first = runs[0]
    settings = first.results.settings
    name: str = settings["benchmark"].removesuffix(".jsonl")
    if settings["split"]:
        name += f", {settings['split']} split"
    if settings["subset"]:
        name += (
            f", {settings['subset']} subset: the {len(first.inside)} of {len(first.statements)} "
            "statements that elaborate without Mathlib"
        )
    if settings["shard"][1] > 1:
        name += f", shard {settings['shard'][0]} of {settings['shard'][1]}"
    return name


def blocks(runs: Sequence[Figures]) -> list[Block]:
    """The report on one run, or on several side by side."""
    found: list[Block] = [Heading(title(runs), 1), *_warnings(runs)]
    found += [Heading("Proved"), *_scores(runs)]
    for what, name in (
        ("expansions", "expansions"),
        ("lean_calls", "Lean calls (tactics run)"),
        ("seconds", "seconds of wall time, waiting for other searches included"),
    ):
        series = [(run.label, run.curve(what)) for run in runs if run.proved]
        if series:
            found.append(Curves(f"Proved within so many {name}", series))
    if len(runs) > 1:
        found += [Heading("Side by side"), *_side_by_side(runs)]
    for run in runs:
        if len(runs) > 1:
            found.append(Heading(f"Run {run.label}"))
        level = 3 if len(runs) > 1 else 2
        found += [Heading("Why attempts ended without a proof", level), *_failures(run)]
        found += [Heading("Time", level), *_times(run)]
        found += [Heading("The proofs", level), *_proofs(run)]
        found += [Heading("Statements known to be wrong", level), *_notes(run)]
        found += [Heading("What was run", level), _settings(run), _machines(run)]
        found += [Heading("Every statement", level), *_every(run)]
    return found


def _warnings(runs: Sequence[Figures]) -> Iterator[Block]:
    for run in runs:
        before = f"{run.label}: " if len(runs) > 1 else ""
        for row in run.results.canaries:
            if row["proved"]:
                text = f"{before}a false statement was accepted as proved, so nothing here counts"
                yield Paragraph(f"{text}: {row['proved']}", warning=True)
        if missing := len(run.results.missing):
            yield Paragraph(
                f"{before}this run is not complete: {missing} of {len(run.results.expected)} "
                "attempts are not there; a statement counts as not proved until it is",
                warning=True,
            )
        if run.capped:
            yield Paragraph(
                f"{before}{run.capped} attempts were ended by the cap on wall time: another "
                "machine may end them elsewhere",
                warning=True,
            )
    first = runs[0].results.settings
    for run in runs[1:]:
        other = run.results.settings
        if other["statements_sha256"] != first["statements_sha256"]:
            text = f"{run.label} ran other statements than {runs[0].label}: the hashes differ"
            yield Paragraph(text, warning=True)


def _scores(runs: Sequence[Figures]) -> Iterator[Block]:
    several = len(runs) > 1
    ks = sorted({k for run in runs for k in run.ks})
    head = [
        *(["run"] if several else []),
        "statements",
        "number",
        "proved",
        *map("pass@{}".format, ks),
    ]
    rows = []
    methods: set[str] = set()
    for run in runs:
        splits = list(dict.fromkeys(s["split"] for s in run.statements))
        parts = [("all", run.inside)]
        if len(splits) > 1:
            parts += [(split, [s for s in run.inside if s["split"] == split]) for split in splits]
        if run.outside:
            parts.append(("the subset and all others", run.statements))
        for name, some in parts:
            solved = sum(s["name"] in run.solved for s in some)
            cells = [name, str(len(some)), str(solved)]
            for k in ks:
                if k > run.attempts:
                    cells.append("")
                    continue
                estimate = run.pass_at(k, some)
                methods.add(estimate.method)
                cells.append(str(estimate))
            rows.append([run.label, *cells] if several else cells)
    yield Table(head, rows)
    ways = {
        "Wilson": "Wilson's (1927), of one attempt for each statement",
        "bootstrap": "percentiles of a bootstrap over the statements",
    }
    yield Paragraph(
        "pass@k is the unbiased estimate of Chen et al. (2021). Intervals are at 95%: "
        + "; ".join(ways[method] for method in sorted(methods))
        + ". A statement that Lean does not elaborate counts as not proved."
    )


def _side_by_side(runs: Sequence[Figures]) -> Iterator[Block]:
    rows = []
    for run in runs:
        others = set().union(*(other.solved for other in runs if other is not run))
        names = sorted(run.solved - others)
        rows.append([run.label, str(len(run.solved)), str(len(names)), ", ".join(names)])
    yield Table(["run", "proved", "proved by it alone", "which"], rows)
    tests = []
    for other in runs[1:]:
        one = paired(runs[0], other)
        tests.append(
            [
                f"{runs[0].label} to {other.label}",
                str(len(one.gained)),
                str(len(one.lost)),
                f"{one.p:.3g}",
            ]
        )
    yield Table(["change", "gained", "lost", "p (McNemar's exact test)"], tests)


def _failures(run: Figures) -> Iterator[Block]:
    if run.reasons:
        yield Bars("attempts", run.reasons.most_common())
    else:
        yield Paragraph("All were proved.")
    if run.messages:
        yield Paragraph("What Lean says first of statements that do not elaborate:")
        yield Bars("statements", run.messages.most_common(12))
    if run.unsteady:
        yield Paragraph(
            f"{run.unsteady} tactics ended for a reason of the machine (time, memory, a crash): "
            "each counts as a failed tactic"
        )
    if run.malformed:
        yield Paragraph(
            f"{run.malformed} suggestions were malformed (no text that Lean could read, no score, or "
            "an answer that is not of the server's protocol): each counts as a failed tactic"
        )


def _times(run: Figures) -> Iterator[Block]:
    searched = [row for row in run.rows if "expansions" in row]
    parts = [
        ("proved", run.proved),
        ("searched, not proved", [row for row in searched if row["outcome"] != "proved"]),
        ("not searched", [row for row in run.rows if "expansions" not in row]),
        ("all", run.rows),
    ]
    rows = []
    for name, some in parts:
        seconds = run.seconds(some)
        cells = [f"{seconds[phase]:.1f}" for phase in PHASES]
        rows.append([name, str(len(some)), *cells, f"{sum(seconds.values()):.1f}"])
    yield Table(["attempts", "number", *(f"{phase}, s" for phase in PHASES), "sum, s"], rows)
    seconds = run.seconds(run.rows)
    whole = sum(seconds.values())
    spent = {
        what: sum(row.get(what, 0) for row in searched)
        for what in ("expansions", "lean_calls", "tokens", "heartbeats")
    }
    text = (
        f"{spent['expansions']} expansions, {spent['lean_calls']} Lean calls, "
        f"{spent['heartbeats']} heartbeats, {spent['tokens']} tokens"
    )
    if whole:
        text += f"; the verdicts took {seconds['verify'] / whole:.1%} of the time"
    yield Paragraph(f"Spent: {text}. Searches ran side by side, and each counts its waiting.")


def _proofs(run: Figures) -> Iterator[Block]:
    if not run.proved:
        yield Paragraph("There are none.")
        return
    steps = [row["steps"] for row in run.proved]
    lengths = [len(row["proof"]) for row in run.proved]
    yield Bars(
        "proofs",
        [(f"{n} step{'s' * (n > 1)}", count) for n, count in sorted(Counter(steps).items())],
    )
    tokens = sum(row.get("tokens", 0) for row in run.rows)
    rows = [
        ["steps of a proof: median, most", f"{statistics.median(steps):g}, {max(steps)}"],
        ["characters: median, most", f"{statistics.median(lengths):g}, {max(lengths)}"],
        ["tokens for each proof, failed attempts included", f"{tokens / len(run.proved):.0f}"],
        ["axioms", _counts(", ".join(row["axioms"]) or "none visible" for row in run.proved)],
        ["layers passed", _counts(", ".join(row["layers"]) for row in run.proved)],
        ["steps by", _counts_of(_makers(run))],
        ["proofs by", _counts(" and ".join(row["made_by"]) for row in run.proved)],
    ]
    settings = run.results.settings
    for row in run.results.canaries:
        if row["proved"] is None:
            rows.append(["canaries", f"{row['searched']} false statements searched, none proved"])
    bugs = known_bugs(settings["lean"])
    if bugs:
        text = (
            f"{len(bugs)} soundness bugs of this kernel are known; none since {sound_since(bugs)}"
        )
        rows.append(["kernel", f"Lean {settings['lean']}: {text}"])
    yield Table(["what", "figure"], rows)


def _makers(run: Figures) -> Counter[str]:
    return sum((Counter(row["made_by"]) for row in run.proved), Counter[str]())


def _counts(values: Iterable[str]) -> str:
    return _counts_of(Counter(values))


def _counts_of(counts: Counter[str]) -> str:
    return "; ".join(f"{value}: {count}" for value, count in counts.most_common())


def _flagged(run: Figures) -> dict[str, list[Note]]:
    notes = known_wrong()
    return {
        s["name"]: notes[s["name"].lower()] for s in run.statements if s["name"].lower() in notes
    }


def _notes(run: Figures) -> Iterator[Block]:
    if run.disproved:
        yield Paragraph(
            "These statements are false: their negations were proved, and accepted by the judge. "
            "They count as not proved."
        )
        yield Table(
            ["statement", "false at", "proof of the negation"],
            [
                [name, row["counterexample"] or "", row["disproof"]]
                for name, row in sorted(run.disproved.items())
            ],
        )
    flagged = _flagged(run)
    if not flagged:
        yield Paragraph("No statement of this run is on the list of those known to be wrong.")
        return
    copies = sorted({s["copy"] for s in run.statements})
    yield Paragraph(
        f"These names are wrong in some copy of the benchmark. This run's copy: {', '.join(copies)} "
        f"(statements' hash {run.results.settings['statements_sha256'][:12]}…); whether the note "
        "holds for it, the statement must tell."
    )
    rows = []
    for name, notes in flagged.items():
        state = "proved" if name in run.solved else "not proved"
        for note in notes:
            rows.append([name, state, ", ".join(note.copies), note.what, note.source])
            name = state = ""
    yield Table(["statement", "in this run", "wrong in", "what", "source"], rows)


def _settings(run: Figures) -> Block:
    s = run.results.settings
    budget = ", ".join(f"{amount} {what}" for what, amount in s["budget"].items() if amount)
    last = s["seed"] + s["attempts"] - 1
    model = s["model"] or "none"
    if s["model"]:
        model += f", SHA-256 of its files {s['model_sha256'] or 'not known (a server)'}"
    rows = [
        ["statements", f"{s['benchmark']}: {len(run.results.statements)}"],
        ["SHA-256 of the statements", s["statements_sha256"]],
        ["SHA-256 of their file", s["file_sha256"] or "a folder"],
        ["split, subset", f"{s['split'] or 'all'}, {s['subset'] or 'all'}"],
        ["model", model],
        ["portfolio", "yes" if s["portfolio"] else "no"],
        ["lemmas looked for", "yes" if s.get("lemmas") else "no"],
        ["value model, SHA-256 of its files", s.get("value_sha256") or "none"],
        ["decontamination", s["decontamination"] or _clean_by_default(s)],
        ["Lean", f"{s['lean']} ({s['lean_kind']}), commit {s['lean_commit'] or 'not known'}"],
        ["Mathlib", s["mathlib"] or "none"],
        ["attempts for each statement", str(s["attempts"])],
        ["seeds", str(s["seed"]) if last == s["seed"] else f"{s['seed']} to {last}"],
        ["budget of an attempt", budget or "none"],
        ["cap on its wall time", f"{s['cap_seconds']:g} s; ended by it: {run.capped}"],
        [
            "limits of a tactic",
            f"{s['tactic']['heartbeats']} heartbeats, cap {s['tactic']['cap_seconds']:g} s",
        ],
        ["search", f"best first, width {s['width']}, alpha {s['alpha']:g}"],
    ]
    if s["sampling"]:
        rows[5:5] = [
            ["prompt format", s["prompt_format"] + _examples(s)],
            ["completions of a prompt", _drawn(s["sampling"])],
            ["score of a completion", f"{s['score']} of the log-probabilities of its tokens"],
        ]
    return Table(["what", "value"], rows)


def _examples(settings: dict[str, Any]) -> str:
    if settings["few_shot_sha256"]:
        return f", examples with SHA-256 {settings['few_shot_sha256']}"
    own = settings["prompt_format"] == Llemma.name
    return ", three examples of our own, so that no figure is Llemma's" if own else ""


def _drawn(sampling: dict[str, Any]) -> str:
    how = f"temperature {sampling['temperature']:g}, top-p {sampling['top_p']:g}"
    if sampling["beam"]:
        how = "beams"
    return f"{sampling['samples']}, {how}, at most {sampling['max_tokens']} tokens each"


def _clean_by_default(settings: dict[str, Any]) -> str:
    parts = []
    if settings["model"]:
        parts.append("of the model: not stated")
    if settings["portfolio"]:
        parts.append(
            "the portfolio is a fixed list, shaped while looking at miniF2F's statements over ℕ and ℤ"
        )
    return "; ".join(parts)


def _machines(run: Figures) -> Block:
    rows = []
    for one in run.results.sessions:
        gpu = f", {one['gpu']}" if one["gpu"] else ""
        rows.append(
            [
                one["began"],
                f"{one['processor']}, {one['cores']} cores, {one['memory_gb']:g} GB{gpu}",
                f"{one['jobs']}, {one['together']}",
                f"{one['system']}, Python {one['python']}",
                f"{one['prover']}, {one['code_sha256'][:12]}…",
            ]
        )
    head = [
        "session began",
        "machine",
        "Lean processes, searches at a time",
        "system",
        "prover, code",
    ]
    return Table(head, rows)


def _every(run: Figures) -> Iterator[Block]:
    flagged = _flagged(run)
    rows = []
    for statement in run.statements:
        name = statement["name"]
        own = run.by_name.get(name, [])
        won = [row for row in own if row["outcome"] == "proved"]
        false = run.disproved.get(name)
        best = false or (own[0] if own else {})
        if won:
            best = min(won, key=lambda row: row["expansions"])
        if won:
            end = "proved" if run.attempts == 1 else f"proved {len(won)} of {len(own)}"
        else:
            end = _reason(best) if best else "not there yet"
        rows.append(
            [
                name + (" ⚑" if name in flagged else ""),
                statement["split"],
                end,
                str(best.get("expansions", "")),
                str(best.get("lean_calls", "")),
                f"{sum(best['seconds'].values()):.1f}" if best else "",
                " and ".join(best["made_by"]) if won else "",
                statement["sha256"][:12],
            ]
        )
    head = ["statement", "split", "outcome", "expansions", "Lean calls", "s", "by", "SHA-256"]
    yield Table(head, rows)
    if "putnam" in run.results.settings["benchmark"].lower():
        yield Paragraph("The proofs are left out: the authors of PutnamBench ask for that.")
        return
    shown = set()
    for row in sorted(run.proved, key=lambda row: row["name"]):
        if row["name"] not in shown:
            shown.add(row["name"])
            yield Foldout(row["name"], row["proof"])
