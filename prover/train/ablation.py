"""What each kind of training brings: one table, over seeds, at equal Lean calls.

    sft             the model that is given
    rounds          expert iteration from it
    grpo-outcome    reinforcement learning from the model of the rounds, a reward for the outcome
    grpo-process    the same with a reward for each tactic
    dpo             preferences from the rounds, from the model of the rounds
    evolved         expert iteration as in `rounds`, over the statements and what evolved from them
    value           the model of the rounds, with a value model for the priorities of its searches

`out` gets the statements that all train on, `report.json` and `report.md`, and for each row and seed a
folder `ROW/seed_S` with what its trainer writes, `time.json`, and in `tests/NAME` the searches of
`prover.evaluate.compare`. What is there is not made again; a row whose folder is removed is.

The model searches alone, so that nothing hides what it has learned. pass@k of a statement is the
unbiased estimate of Chen et al. (2021) from the k searches of each seed: at 1 their mean, at k whether
one proved it. Intervals are Wilson's at 95% and tests exact (`sign_flips`), both with all that descends
from one statement, in all seeds, as a cluster; they do not say how far other statements would differ.
"""

from __future__ import annotations

import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from prover.data.decontaminate import Benchmark, Problem
from prover.data.theorems.corpus import all_held_out
from prover.data.theorems.statement import Row, read_rows
from prover.errors import WrongUse
from prover.evaluate.compare import MODEL, VALUED, Comparison, clusters, compare
from prover.evaluate.statistics import sign_flips, wilson_by_cluster
from prover.files import read_jsonl, read_text, same_settings, write_file, write_json, write_jsonl
from prover.interrupt import Interrupted, run_cancellable
from prover.train.corpus import TrainingError
from prover.train.evolve import Evolution, evolve
from prover.train.grpo import GRPO_RECIPES, GrpoRecipe, NothingToLearn, Source, train_grpo
from prover.train.outcomes import read_training
from prover.train.preferences import DPO_RECIPES, DpoRecipe, read_preferences, train_preferences
from prover.train.resumable import stamp
from prover.train.reward import LeanRewards
from prover.train.rounds import Rounds, keep_model, run_rounds
from prover.train.value import VALUE_RECIPES, ValueRecipe, read_labels, train_value

SFT, ROUNDS, EVOLVED, DPO, VALUE = "sft", "rounds", "evolved", "dpo", "value"
GRPO = {"grpo-outcome": "outcome", "grpo-process": "process"}
ROWS = (SFT, ROUNDS, *GRPO, DPO, EVOLVED, VALUE)
START = {ROUNDS: SFT, EVOLVED: SFT} | dict.fromkeys((*GRPO, DPO, VALUE), ROUNDS)
"""The row from whose model, of the same seed, a row starts."""

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Ablation:
    """How each row trains, and how all search. The seeds of the parts are replaced."""

    rounds: Rounds = field(default_factory=Rounds)
    evolution: Evolution = field(default_factory=Evolution)
    grpo: GrpoRecipe = GRPO_RECIPES["cpu-tiny"]
    dpo: DpoRecipe = DPO_RECIPES["cpu-tiny"]
    value: ValueRecipe = VALUE_RECIPES["cpu-tiny"]
    comparison: Comparison = field(default_factory=lambda: Comparison(contestants=(), seconds=0.0))


ABLATIONS = {
    "cpu-tiny": Ablation(),
    "large": Ablation(
        Rounds(preset="llemma-7b", statements=2000, attempts=8),
        Evolution(parents=500, keep=500),
        GRPO_RECIPES["deepseekmath"],
        DPO_RECIPES["dpo"],
        VALUE_RECIPES["large"],
    ),
}
"""The recipes of the trainers' presets; the sizes of the second's rounds are ours, and were not run."""


def read_changes(preset: Ablation, path: Path) -> Ablation:
    """A preset with the values of a JSON file: an object of parts of `Ablation`, each with fields.

    Raises:
        WrongUse: it is none; names the part, the field or the value that is wrong.
    """
    try:
        given = json.loads(read_text(path))
        changed = preset
        for part, values in given.items():
            old = getattr(preset, part, None)
            if old is None:
                raise ValueError(f"there is no {part}, but {', '.join(asdict(preset))}")
            kinds = {one.name: getattr(old, one.name) for one in fields(old)}
            for name, value in values.items():
                if name not in kinds:
                    raise ValueError(f"{part} has no {name}, but {', '.join(kinds)}")
                if not _fits(value, kinds[name]):
                    raise ValueError(f"{part}.{name} is {value!r} in the place of {kinds[name]!r}")
            changed = replace(changed, **{part: replace(old, **values)})
    except (ValueError, AttributeError) as error:
        raise WrongUse(f"{path}: {error}") from None
    return changed


def _fits(value: Any, old: Any) -> bool:
    """Whether a value is of the kind of another: a number for a number."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(old, bool) or not isinstance(old, int | float | None):
        return isinstance(value, type(old))
    return number and (isinstance(value, int) or not isinstance(old, int))


def ablate(
    statements: Path,
    init: Path,
    out: Path,
    settings: Ablation,
    tests: Mapping[str, Sequence[Row]],
    *,
    rows: Collection[str] = ROWS,
    seeds: int = 3,
    benchmarks: Sequence[Problem] = (),
    replay: Path | None = None,
    lean: str = "auto",
    jobs: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Makes the table of `rows`, in the order of `ROWS` and with `sft` in any case, on `tests`; gives
    what is in `out/report.json`, which is written after each row and keeps the rows of an earlier call
    with as many seeds. No statement of a test or of `benchmarks` is trained on. A row that cannot be
    trained is told with the reason.

    Raises:
        WrongUse: a file is damaged, there is nothing to train on, or `out` was begun with other settings.
        TrainingError: there is no model in `init`.
        Interrupted: a signal ended it; the same call goes on.
    """
    run = _Run(init, out, settings, tests, benchmarks, replay, lean, jobs, report)
    identity = json.loads(json.dumps(asdict(settings))) | {
        "init": stamp(init),
        "replay": str(replay or ""),
        "tests": {name: _digest(some) for name, some in tests.items()},
        "statements": run.prepare(statements),
    }
    same_settings(out / "settings.json", identity)
    run.write_statements()
    found: dict[str, Any] = {"settings": identity, "seeds": seeds, "rows": {}, "not trained": {}}
    chosen = [row for row in ROWS if row == SFT or row in rows]
    there = json.loads(read_text(out / "report.json")) if (out / "report.json").exists() else {}
    if there.get("seeds") == seeds:
        for part in ("rows", "not trained"):
            found[part] = {row: one for row, one in there[part].items() if row not in chosen}
    for row in chosen:
        try:
            trained = [run.trained(row, seed) for seed in range(seeds)]
        except TrainingError as error:
            report(f"{row}: {error}")
            found["not trained"][row] = str(error)
        else:
            for seed in range(seeds):
                run.search(row, seed)
            before = dict.fromkeys((SFT, START.get(row, SFT)))
            against = [one for one in before if one in found["rows"] and one != row]
            figures = {name: run.figures(row, name, seeds, against) for name in tests}
            found["rows"][row] = _summary(trained) | {"tests": figures}
        found["rows"] = {name: found["rows"][name] for name in ROWS if name in found["rows"]}
        write_json(out / "report.json", found)
        write_file(out / "report.md", table(found))
    return found


class _Run:
    """The rows and seeds of a table. What this process has looked at once is not looked at again."""

    def __init__(
        self,
        init: Path,
        out: Path,
        settings: Ablation,
        tests: Mapping[str, Sequence[Row]],
        benchmarks: Sequence[Problem],
        replay: Path | None,
        lean: str,
        jobs: int,
        report: Callable[[str], None],
    ) -> None:
        self._init = init
        self._out = out
        self._settings = settings
        self._tests = tests
        self._benchmarks = benchmarks
        self._replay = replay
        self._lean = lean
        self._jobs = jobs
        self._report = report
        self._file = out / "statements.jsonl"
        self._trained: dict[tuple[str, int], dict[str, Any]] = {}
        own = [row for some in tests.values() for row in some]
        self._held = [*all_held_out(), *own]
        self._problems = [Problem(row.name, row.statement) for row in own]
        self._forbidden = Benchmark(
            [Problem(row.name, row.statement) for row in self._held], rules=("lean",)
        )

    def prepare(self, statements: Path) -> str:
        """Reads what may be trained on, and gives its hash."""
        keys = {row.key for row in self._held if row.key}
        self._rows = [
            row
            for row in read_training(statements, self._benchmarks)
            if row.key not in keys and self._forbidden.hit(row.statement) is None
        ]
        if not self._rows:
            raise WrongUse(f"{statements} has no statement that is in no test: give others")
        return _digest(self._rows)

    def write_statements(self) -> None:
        write_jsonl(self._file, (row.to_json() for row in self._rows))

    def folder(self, row: str, seed: int) -> Path:
        return self._out / row / f"seed_{seed}"

    def model(self, row: str, seed: int) -> Path:
        """The folder of the model that searches."""
        if row == SFT:
            return self._init
        if row == VALUE:
            return self.model(ROUNDS, seed)
        folder = self.folder(row, seed)
        if row in (ROUNDS, EVOLVED):
            folder /= f"round_{self._settings.rounds.rounds - 1}"
        return folder / "model"

    # Training

    def trained(self, row: str, seed: int) -> dict[str, Any]:
        """Trains a row, and what it starts from, where that is not done yet; gives its `seconds` and
        its curves."""
        if row == SFT:
            return {}
        if (row, seed) not in self._trained:
            self.trained(START[row], seed)
            clock = _Clock(
                self.folder(row, seed) / "time.json", f"{row}, seed {seed}", self._report
            )
            curves = self._train(row, seed, self.folder(row, seed), clock.note)
            self._trained[row, seed] = {"seconds": clock.stop(), **curves}
        return self._trained[row, seed]

    def _train(
        self, row: str, seed: int, folder: Path, report: Callable[[str], None]
    ) -> dict[str, Any]:
        settings, start = self._settings, self.model(START[row], seed)
        rounds = self.folder(ROUNDS, seed)
        if row in GRPO:
            kind: Any = GRPO[row]
            with LeanRewards("tactic", kind, lean=self._lean, jobs=self._jobs) as rewards:
                return self._reinforced(start, folder, seed, rewards, report)
        if row == DPO:
            recipe = replace(settings.dpo, seed=seed)
            pairs = read_preferences(rounds)
            _whole(*train_preferences(start, pairs, folder, recipe, report=report))
            return {}
        if row == VALUE:
            value = replace(settings.value, seed=seed)
            _whole(*train_value(start, read_labels(rounds), folder, value, report=report))
            return {}
        statements = self._evolved(seed, folder, report) if row == EVOLVED else self._file
        reports = run_rounds(
            statements,
            start,
            folder,
            replace(settings.rounds, seed=seed),
            benchmarks=self._benchmarks,
            held_out=self._held,
            replay=self._replay,
            lean=self._lean,
            jobs=self._jobs,
            report=report,
        )
        return {"reward": [one["statements proved"] / one["statements"] for one in reports]}

    def _reinforced(
        self,
        start: Path,
        folder: Path,
        seed: int,
        rewards: LeanRewards,
        report: Callable[[str], None],
    ) -> dict[str, Any]:
        """GRPO on the statements that the model neither always nor never succeeds on, by a sample: in
        the rounds, the portfolio beside it has proved most of these each time. Where nothing is left
        to learn, its model is that which it has come to."""
        try:
            done = train_grpo(
                start,
                Source(self._rows),
                folder,
                replace(self._settings.grpo, seed=seed),
                rewards,
                benchmarks=[Benchmark(self._benchmarks), self._forbidden],
                report=report,
            )
            _whole(*done)
        except NothingToLearn as ended:
            report(str(ended))
            keep_model(ended.model, folder)
        steps = read_jsonl(folder / "rewards.jsonl")
        names = ("reward", "groups_alike")
        return {name: [step[name] for step in steps] for name in names}

    def _evolved(self, seed: int, folder: Path, report: Callable[[str], None]) -> Path:
        """The statements with those that evolved from them."""
        evolution = replace(self._settings.evolution, seed=seed)
        work = evolve(
            self._file,
            folder / "evolution",
            evolution,
            benchmarks=[*self._benchmarks, *self._problems],
            lean=self._lean,
            jobs=self._jobs,
            report=report,
        )
        run_cancellable(work)
        files = [folder / "evolution" / f"round_{n}" for n in range(evolution.rounds)]
        new = [row for file in files for row in read_rows(file / "statements.jsonl")]
        write_jsonl(folder / "statements.jsonl", (row.to_json() for row in [*self._rows, *new]))
        return folder / "statements.jsonl"

    # Searching

    def search(self, row: str, seed: int) -> None:
        """Searches the tests, where that is not done yet."""
        settings = self._settings.comparison
        for name, rows in self._tests.items():
            work = compare(
                rows,
                self.model(row, seed),
                self.folder(row, seed) / "tests" / name,
                replace(
                    settings,
                    contestants=(VALUED if row == VALUE else MODEL,),
                    seed=seed * settings.attempts,
                ),
                value=self.folder(VALUE, seed) / "model" if row == VALUE else None,
                lean=self._lean,
                jobs=self._jobs,
                report=lambda line: self._report(f"{row}, seed {seed}: {line}"),
            )
            run_cancellable(work)

    def figures(self, row: str, test: str, seeds: int, against: Collection[str]) -> dict[str, Any]:
        """What a row proved of a test, beside what others did."""
        k = self._settings.comparison.attempts
        wins = self._wins(row, test, seeds)
        rows = [one for one in self._tests[test] if one.name in wins]
        found: dict[str, Any] = {"statements": len(rows), "roots": len(clusters(rows))}
        others = {name: self._wins(name, test, seeds) for name in against}
        for name, count, tries in (("pass@1", sum, k), (f"pass@{k}", _any, 1)):
            of = {one.name: [count(won) for won in wins[one.name]] for one in rows}
            counts = [
                (sum(sum(of[one]) for one in names), len(names) * seeds * tries)
                for names in clusters(rows)
            ]
            low, high = wilson_by_cluster(counts)
            by_seed = [
                sum(won[seed] for won in of.values()) / (len(rows) * tries) for seed in range(seeds)
            ]
            found[name] = {
                "share": statistics.fmean(by_seed),
                "low": low,
                "high": high,
                "by seed": by_seed,
                "p": {
                    other: sign_flips(
                        sum(sum(of[one]) - sum(map(count, known[one])) for one in names)
                        for names in clusters(rows)
                    )
                    for other, known in others.items()
                },
                "gain": {
                    other: statistics.fmean(by_seed)
                    - sum(sum(map(count, known[one.name])) for one in rows)
                    / (len(rows) * tries * seeds)
                    for other, known in others.items()
                },
            }
        return found

    def _wins(self, row: str, test: str, seeds: int) -> dict[str, list[list[bool]]]:
        """By the name of each statement that elaborates, for each seed, which searches proved it."""
        settings = self._settings.comparison
        found: defaultdict[str, list[list[bool]]] = defaultdict(list)
        for seed in range(seeds):
            own: defaultdict[str, list[bool]] = defaultdict(list)
            for line in read_jsonl(self.folder(row, seed) / "tests" / test / "attempts.jsonl"):
                if line["outcome"] != "not elaborating":
                    own[line["name"]].append(
                        line["outcome"] == "proved" and line["calls"] <= settings.calls
                    )
            for name, won in own.items():
                found[name].append(won)
        return dict(found)


class _Clock:
    """The seconds that a training has taken, in all processes that were at it, up to the last line
    that each reported."""

    def __init__(self, file: Path, name: str, report: Callable[[str], None]) -> None:
        self._file = file
        self._name = name
        self._report = report
        there = json.loads(file.read_text("utf-8")) if file.exists() else {}
        self._before = float(there.get("seconds", 0.0))
        self._done = bool(there.get("done", False))
        self._began = time.monotonic()

    def note(self, line: str) -> None:
        self._report(f"{self._name}: {line}")
        self._write(False)

    def stop(self) -> float:
        self._write(True)
        self._done = True
        return float(json.loads(self._file.read_text("utf-8"))["seconds"])

    def _write(self, done: bool) -> None:
        if not self._done:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            seconds = round(self._before + time.monotonic() - self._began, 1)
            write_json(self._file, {"seconds": seconds, "done": done})


def _whole(done: int, steps: int) -> None:
    if done < steps:
        raise Interrupted


def _any(won: Sequence[bool]) -> int:
    return int(any(won))


def _digest(rows: Sequence[Row]) -> str:
    return sha256("".join(row.statement_sha256 for row in rows).encode()).hexdigest()[:16]


def _summary(trained: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Hours and curves of the seeds of a row."""
    names = dict.fromkeys(name for one in trained for name in one if name != "seconds")
    hours = [one.get("seconds", 0.0) / 3600 for one in trained]
    return {"hours": hours} | {name: [one[name] for one in trained] for name in names}


# The report


HEAD = (
    "The model alone, {calls} Lean calls a search, {k} searches of each statement for each of {seeds} "
    "seeds. In brackets 95% intervals by what descends from one statement, then the exact p-value of the "
    "difference to sft, not corrected for the number of rows. Hours are of a row's own training: all but "
    "rounds and evolved start from the model of the rounds."
)
FOOT = (
    "Reward: the mean over the first and the last quarter of the steps of each seed; of rounds, the share "
    "of the statements proved in the first and the last round. Groups alike: those that have equal "
    "rewards only, from which nothing is learned."
)


def table(found: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    comparison = found["settings"]["comparison"]
    calls, k = comparison["calls"], comparison["attempts"]
    passes = ["pass@1", f"pass@{k}"] if k > 1 else ["pass@1"]
    lines = [HEAD.format(calls=calls, k=k, seeds=found["seeds"])]
    for test in found["settings"]["tests"]:
        own = {row: figures["tests"][test] for row, figures in found["rows"].items()}
        size = next(iter(own.values()))
        lines += [
            "",
            f"## {test}: {size['statements']} statements that descend from {size['roots']}",
        ]
        lines += ["", "| row | " + " | ".join(passes) + " | pass@1 by seed |"]
        lines.append("| --- " * (len(passes) + 2) + "|")
        for row, figures in own.items():
            seeds = ", ".join(f"{100 * one:.1f}" for one in figures["pass@1"]["by seed"])
            cells = [row, *(_cell(figures[name]) for name in passes), seeds]
            lines.append("| " + " | ".join(cells) + " |")
        for row, figures in own.items():
            for other in figures["pass@1"]["p"]:
                if not _helps(figures, passes, other):
                    lines += [
                        "",
                        f"{row} does not help against {other}: {_told(figures, passes, other)}.",
                    ]
    lines += ["", "## Training", "", "| row | reward | groups alike | hours |"]
    lines.append("| --- | --- | --- | --- |")
    for row, figures in found["rows"].items():
        alike = [share for curve in figures.get("groups_alike", ()) for share in curve]
        share = f"{statistics.fmean(alike):.0%}" if alike else ""
        curves = "; ".join(map(_ends, figures.get("reward", ())))
        hours = ", ".join(f"{one:.2f}" for one in figures["hours"])
        lines.append(f"| {row} | {curves} | {share} | {hours} |")
    lines += ["", FOOT]
    for row, why in found["not trained"].items():
        lines += ["", f"{row} could not be trained: {why}"]
    return "\n".join(lines) + "\n"


def _cell(share: Mapping[str, Any]) -> str:
    text = f"{100 * share['share']:.1f}% ({100 * share['low']:.1f} to {100 * share['high']:.1f})"
    return text + (f", p {share['p'][SFT]:.2g}" if SFT in share["p"] else "")


def _helps(figures: Mapping[str, Any], passes: Sequence[str], other: str) -> bool:
    """Whether a row proves more than another, beyond chance, by one of the figures."""
    some = [figures[name] for name in passes]
    return any(one["gain"][other] > 0 and one["p"][other] < SIGNIFICANT for one in some)


def _told(figures: Mapping[str, Any], passes: Sequence[str], other: str) -> str:
    return ", ".join(
        f"{name} {100 * figures[name]['gain'][other]:+.1f} points (p {figures[name]['p'][other]:.2g})"
        for name in passes
    )


def _ends(curve: Sequence[float]) -> str:
    part = max(1, len(curve) // 4)
    first, last = statistics.fmean(curve[:part]), statistics.fmean(curve[-part:])
    return f"{first:.2f} to {last:.2f}"
