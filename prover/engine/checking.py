"""Texts that are elaborated and judged: what a check is, and what a search begins and ends with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from prover.engine import targets
from prover.errors import ProverError
from prover.lean.source import NotText, as_lean_reads, indent, with_options
from prover.lean.states import Declaration, Elaborated, Place
from prover.lean.toolchain import Lean
from prover.lean.worker import ElaborationFailed
from prover.verify import external
from prover.verify.judge import JudgeFailed, Made, fresh_judge
from prover.verify.layers import (
    Judgement,
    errors_by_declaration,
    failed_judgement,
    judge_declarations,
    lean_version,
    names_of,
)
from prover.verify.verdict import Outcome, Verdict
from search.budget import Spent

if TYPE_CHECKING:
    from prover.engine.engine import Engine


class StatementError(ProverError):
    """What is to be proved does not elaborate, or is not there. The message says where; `kind` is
    that of `ElaborationFailed`."""

    def __init__(self, message: str, kind: str = "elaboration") -> None:
        super().__init__(message)
        self.kind = kind


class Checker:
    """Elaborates and judges with the processes of an engine. With `paranoid`, every verdict is made
    by a process that is started for it, and by external checkers."""

    def __init__(self, engine: Engine, *, paranoid: bool = False) -> None:
        self._engine = engine
        self.paranoid = paranoid
        self.pool = engine.pool
        self.lean = engine.lean

    async def open_statement(self, statement: str, header: str) -> Elaborated:
        """A statement with a hole for its proof, whether or not it comes with one.

        Raises:
            StatementError: the header or the statement does not elaborate.
        """
        try:
            statement = as_lean_reads(statement)
            text = await targets.open_statement(self.pool, header, statement)
        except NotText as error:
            raise StatementError(str(error)) from None
        except ElaborationFailed as failed:
            raise _statement_error(failed, self.lean) from None
        if text.errors:
            raise StatementError("\n".join(map(str, text.errors)))
        return text

    async def negated(self, statement: str, *, header: str = "") -> tuple[str, str, str]:
        """A text with a statement and, after it, its negation, both with holes; and their names.

        Raises:
            StatementError: the statement does not elaborate, or is no theorem with a name.
        """
        header = with_options(header, statement)
        text = await self.open_statement(statement, header)
        self.pool.release([hole.state for hole in text.holes])
        declaration = targets.find_statement(text)
        if declaration is None or declaration.side is not None:
            raise StatementError("only a theorem with a name can be negated")
        shown, name = declaration.constant.shown, "negation_of_the_statement"
        negation = f"theorem _root_.{name} : ¬ type_of% @{shown} := by sorry"
        return f"{header}{text.text}\n\n{negation}\n", declaration.name, name

    async def type_hash(self, statement: str, *, header: str = "") -> str:
        """The SHA-256 of the type that a statement elaborates to with this Lean, names of binders
        and of universe parameters left out: equal hashes mean the same theorem, whatever the text
        looks like.

        Raises:
            StatementError: the header or the statement does not elaborate.
        """
        text = await self.open_statement(statement, with_options(header, statement))
        self.pool.release([hole.state for hole in text.holes])
        declaration = targets.find_statement(text)
        if declaration is None:
            raise StatementError(_no_declaration())
        return Made.of(text).type_hash(declaration)

    async def check_text(
        self, text: str, *, name: str | None = None, statements: str | None = None
    ) -> list[Verdict]:
        """The verdict on every declaration of a finished file, or on one of them.

        With `statements`, the text of a file that holds what was to be proved, it is the verdict on
        those declarations: each must be what it is there.

        Raises:
            StatementError: the imports or the statements do not elaborate, or no declaration is
                there to check.
        """
        header, body = await self.split(text)
        trusted = await self._statements(statements, name) if statements is not None else None
        try:
            given = await self.pool.elaborate_apart(header, body)
        except ElaborationFailed as failed:
            if failed.kind in ("import", "parse", "elaboration"):
                raise _statement_error(failed, self.lean) from None
            died = failed_judgement(failed.kind, str(failed))
            names = [d.name for d in trusted[1]] if trusted else [name or "the file"]
            return [self.verdict(own, died, text=text) for own in names]
        return await self._verdicts(given, text, name, trusted, statements)

    async def read_text(self, text: str) -> tuple[Elaborated, list[Verdict]]:
        """What Lean says of a finished file, beside the verdicts on its declarations; none where it
        has no declaration or ends early.

        Raises:
            StatementError: the imports do not elaborate, or the process died of the text.
        """
        header, body = await self.split(text)
        try:
            given = await self.pool.elaborate_apart(header, body, holes=True)
        except ElaborationFailed as failed:
            raise _statement_error(failed, self.lean) from None
        try:
            return given, await self._verdicts(given, text)
        except StatementError:
            return given, []

    async def _verdicts(
        self,
        given: Elaborated,
        text: str,
        name: str | None = None,
        trusted: tuple[Elaborated, list[Declaration]] | None = None,
        statements: str | None = None,
    ) -> list[Verdict]:
        if given.stopped is not None and any(m.parse for m in given.errors):
            raise StatementError("\n".join(map(str, given.errors)))
        judged = await self._judged(given, name, trusted)
        verdicts = [self.verdict(own, one, text=text) for own, one in judged]
        return [await self.doubt(verdict, statements) for verdict in verdicts]

    async def check_proof(
        self, statement: str, proof: str, *, header: str = ""
    ) -> tuple[Judgement, str]:
        """The verdict on a tactic block as the proof of a statement, which may be nothing else; and
        the text that was judged.

        Raises:
            StatementError: the header or the statement does not elaborate.
        """
        header = with_options(header, statement)
        text = await self.open_statement(statement, header)
        self.pool.release([hole.state for hole in text.holes])
        declaration = targets.find_statement(text)
        opened = None if declaration is None else targets.opened(text, declaration)
        if declaration is None or opened is None:
            raise StatementError(_no_declaration())
        assert declaration.piece is not None and declaration.piece.body is not None
        body = ":= by\n  " + indent(as_lean_reads(proof).strip("\n"), 2) + "\n"
        data = opened.encode()[: declaration.piece.body].decode()
        return await self.judge_candidate(
            header, text, declaration, data + body
        ), header + data + body

    async def _judged(
        self,
        given: Elaborated,
        name: str | None,
        trusted: tuple[Elaborated, list[Declaration]] | None,
    ) -> list[tuple[str, Judgement]]:
        """Names and judgements of the declarations of a file, or of those that were asked for."""
        if trusted is not None:
            text, wanted = trusted
            judged = await self.judge_solution(given, wanted, text)
            return [(one.name, judgement) for one, judgement in zip(wanted, judged, strict=True)]
        try:
            there = targets.named(given, name)
            if name is None:  # an axiom proves nothing: it counts where something rests on it
                there = [d for d in there if d.kind != "axiom"]
        except targets.NoDeclaration as error:
            loose = [str(message) for _, message in errors_by_declaration(given)[1]]
            raise StatementError("\n".join(loose) or str(error)) from None
        rest = [d for d in given.declarations if not d.listed and d.kind != "unsafe"]
        rest = rest if name is None else []
        found = await self.judge(given, [(None, d) for d in [*there, *rest]], None)
        named = [(d.name, one) for d, one in zip([*there, *rest], found, strict=True)]
        listed, unlisted = named[: len(there)], named[len(there) :]
        verdicts = [*listed, *((own, one) for own, one in unlisted if one.failed)]
        if name is None:
            verdicts += [
                (own, failed_judgement("elaboration", str(message)))
                for own, message in errors_by_declaration(given)[1]
            ]
            if given.stopped is not None:
                line = given.text.encode()[: given.stopped].count(b"\n") + 1
                why = "the file ends here (`#exit`): what stands below was not read"
                verdicts.append((f"line {line}", failed_judgement("elaboration", why)))
        if not verdicts:
            raise StatementError(_no_declaration())
        return verdicts

    async def _statements(
        self, text: str, name: str | None
    ) -> tuple[Elaborated, list[Declaration]]:
        """A text with statements, and those of its declarations that are asked for."""
        header, body = await self.split(text)
        done = await self.elaborate(header, body)
        self.pool.release([hole.state for hole in done.holes])
        if done.errors:
            raise StatementError("\n".join(["in the statements:", *map(str, done.errors)]))
        try:
            wanted = targets.asked(done, name)
        except targets.NoDeclaration as error:
            raise StatementError(f"in the statements: {error}") from None
        if not wanted:
            raise StatementError(f"in the statements: {_no_declaration()}")
        await self.vouch(done)
        return done, wanted

    async def split(self, text: str) -> tuple[str, str]:
        """The imports of a file's text, and the rest with a line for each of theirs before it, so
        that its lines count as in the file."""
        try:
            header, body = await self.pool.split(as_lean_reads(text))
            return header, "\n" * header.count("\n") + body
        except NotText as error:
            raise StatementError(str(error)) from None
        except ElaborationFailed as failed:
            raise _statement_error(failed, self.lean) from None

    async def elaborate(self, header: str, text: str) -> Elaborated:
        try:
            return await self.pool.elaborate(header, text)
        except ElaborationFailed as failed:
            raise _statement_error(failed, self.lean) from None

    def named(self, text: Elaborated, name: str) -> Declaration:
        try:
            (declaration,) = targets.named(text, name)
        except targets.NoDeclaration as error:
            raise StatementError(str(error)) from None
        return declaration

    async def vouch(self, text: Elaborated) -> None:
        """Has the kernel check what a text holds beside its holes, before anything is built on it.

        Raises:
            StatementError: the kernel refuses something.
        """
        programs = {c.name for d in text.declarations for c in d.constants if c.kind == "unsafe"}
        names = names_of(text.declarations)
        try:
            refused = await self._engine.judge.refused(Made.of(text))
        except JudgeFailed as failed:
            raise StatementError(str(failed), failed.kind) from None
        for constant, why in refused.items():
            if constant not in programs and why != "is unsafe":
                shown = names.get(constant) or ".".join(map(str, constant))
                raise StatementError(f"the kernel rejects `{shown}` of the text itself: {why}")

    async def judge(
        self,
        given: Elaborated,
        pairs: Sequence[tuple[Declaration | None, Declaration | None]],
        asked: Elaborated | None,
        *,
        until: int | None = None,
    ) -> list[Judgement]:
        try:
            if self.paranoid:
                async with fresh_judge(self.lean, self.pool.limits) as judge:
                    return await judge_declarations(judge, given, pairs, asked, until=until)
            return await judge_declarations(self._engine.judge, given, pairs, asked, until=until)
        except JudgeFailed as failed:
            return [failed_judgement(failed.kind, str(failed)) for _ in pairs]

    async def judge_solution(
        self, given: Elaborated, wanted: Sequence[Declaration], asked: Elaborated
    ) -> list[Judgement]:
        """The verdicts on declarations of one text in another, which may hold more: each must be
        there what it is in the first."""
        pairs = [(one, other) for one in wanted for other in _candidates(one, given)]
        found = await self.judge(given, pairs, asked)
        best: dict[Place, Judgement] = {}
        for (one, _), judgement in zip(pairs, found, strict=True):
            if one.place not in best or judgement.outcome is Outcome.PROVED:
                best[one.place] = judgement
        return [best[one.place] for one in wanted]

    async def judge_candidate(
        self, header: str, asked: Elaborated, declaration: Declaration, candidate: str
    ) -> Judgement:
        """The verdict on a declaration of a text that ends with its command, and that is the one
        that was asked up to it, but for a proof."""
        try:
            given = await self.pool.elaborate(
                header,
                candidate,
                family=asked.family,
                first_command=declaration.command,
                holes=False,
            )
        except ElaborationFailed as failed:
            return failed_judgement(failed.kind, str(failed))
        own = next((d for d in given.declarations if d.place == declaration.place), None)
        until = declaration.command + 1
        (judgement,) = await self.judge(given, [(declaration, own)], asked, until=until)
        return judgement

    async def doubt(self, verdict: Verdict, trusted: str | None) -> Verdict:
        """With `paranoid`, a proof also has to pass the checkers that others wrote."""
        if not (verdict.proved and self.paranoid):
            return verdict
        if self.lean.native is None:
            return replace(verdict, could_not_run=("external checkers: they need a native Lean",))
        assert verdict.text is not None
        report = await external.check(self.lean, verdict.text, trusted, verdict.name)
        refused = [layer for layer in report.layers if not layer.passed]
        return replace(
            verdict,
            outcome=Outcome.CHEATED if refused else verdict.outcome,
            reason=f"{refused[0].name} refuses it: {refused[0].detail}" if refused else "",
            layers=(*verdict.layers, *report.layers),
            could_not_run=report.could_not_run,
        )

    def verdict(
        self,
        name: str,
        judgement: Judgement,
        text: str,
        proof: str | None = None,
        spent: Spent | None = None,
    ) -> Verdict:
        return Verdict(
            judgement.outcome,
            name,
            lean_version(self.lean),
            reason=judgement.reason,
            proof=proof,
            text=text,
            layers=judgement.layers,
            axioms=judgement.axioms,
            type_hash=judgement.type_hash,
            rests_on=judgement.rests_on,
            spent=spent or Spent(),
        )


def _candidates(asked: Declaration, given: Elaborated) -> list[Declaration | None]:
    """What in a text may be the declaration that was asked: the one of its name or, of an `example`,
    any."""
    if asked.side is None:
        found = [d for d in given.declarations if d.constant.name == asked.constant.name]
    else:
        found = [d for d in given.declarations if d.side is not None]
    return [*found] or [None]


def _no_declaration() -> str:
    return "the text makes no declaration"


def _statement_error(failed: ElaborationFailed, lean: Lean) -> StatementError:
    message = str(failed)
    if failed.kind == "import":
        first = message.splitlines()[0]
        message = f"an import is missing: {first}"
        if lean.kind == "embedded":
            message += (
                "\nThe embedded Lean has only its own library (Init, Std, Lean), no Mathlib. Run "
                "prover inside a Lake project that has it, name the project with --lean, or have one "
                "made (`prover setup --mathlib`)."
            )
    return StatementError(message, failed.kind)
