"""The verdict on a declaration, layer by layer.

One process elaborates a text and sends what it made as data. Another, which runs no text, reads the
data into terms, has its kernel check every declaration that is not imported, and says what each
rests on and whether it is what was asked (the design of leanprover/comparator). So nothing that a
text does to the Lean that elaborates it can change the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prover.lean.axioms import ALLOWED_NAMES
from prover.lean.states import Declaration, Elaborated, Message, Name, Piece, Place
from prover.lean.toolchain import Lean
from prover.verify.judge import Answer, Judge, Made, Question
from prover.verify.kernel_bugs import known_bugs, sound_since
from prover.verify.verdict import Layer, LeanVersion, Outcome


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the layers say of one declaration. `rests_on` are other declarations of its text that it
    needs and that are not finished."""

    outcome: Outcome
    reason: str
    layers: tuple[Layer, ...]
    axioms: tuple[str, ...] = ()
    type_hash: str = ""
    rests_on: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    @property
    def proved(self) -> bool:
        return self.outcome is Outcome.PROVED

    @property
    def failed(self) -> tuple[str, ...]:
        """The layers that the declaration did not pass."""
        return tuple(layer.name for layer in self.layers if not layer.passed)

    @property
    def only_sorry(self) -> bool:
        """Whether all that is missing are proofs that are still `sorry`."""
        return self.failed == ("axioms",) and not self.forbidden

    @property
    def only_others_are_open(self) -> bool:
        """Whether all that is missing are proofs of other declarations of the text."""
        return self.only_sorry and bool(self.rests_on)


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known of one declaration. `asked` is what it was to be, if that was said; `smuggled`
    what it holds beside the proof that was wanted; `names` what the text calls its constants."""

    given: Declaration
    answer: Answer
    asked: Declaration | None
    script: bool
    errors: tuple[Message, ...]
    smuggled: str | None
    heartbeats: int
    type_hash: str
    names: dict[Name, str]

    @property
    def own(self) -> frozenset[Name]:
        return frozenset(self.given.names)

    @property
    def left_open(self) -> list[Name]:
        """Its own constants that are not finished, as the judge sees it or as the process that ran
        the text says."""
        said = [c.name for c in self.given.constants if c.sorry]
        return [name for name in dict.fromkeys([*self.answer.open, *said]) if name in self.own]

    @property
    def forbidden(self) -> list[str]:
        axioms = [*self.answer.axioms, *self.answer.unknown]
        return [self.shown(name) for name in axioms if name not in ALLOWED_NAMES]

    @property
    def others_open(self) -> list[str]:
        return sorted({self.shown(name) for name in self.answer.open if name not in self.own})

    def shown(self, name: Name) -> str:
        return self.names.get(name) or ".".join(map(str, name))


def lean_version(lean: Lean) -> LeanVersion:
    """The Lean's version with the known soundness bugs of its kernel."""
    bugs = known_bugs(lean.version)
    return LeanVersion(lean.version, lean.kind, tuple(map(str, bugs)), sound_since(bugs))


async def judge_declarations(
    judge: Judge,
    given: Elaborated,
    pairs: Sequence[tuple[Declaration | None, Declaration | None]],
    asked: Elaborated | None = None,
    *,
    until: int | None = None,
) -> list[Judgement]:
    """Judges declarations of a text: pairs of what was asked, None where nothing was, and what is
    given, None where it is missing. With `until`, the text is to be the one that was asked up to
    that command, and may differ from it in nothing but proofs.

    Raises:
        JudgeFailed: there is no answer.
    """
    trusted = Made.of(asked) if asked is not None else None
    made = Made.of(given, trusted)
    there = [(one, other) for one, other in pairs if other is not None]
    questions = [Question(other, one) for one, other in there]
    answers = iter(await judge.judge(made, trusted, questions))
    errors, loose = errors_by_declaration(given)
    all_names = names_of([*given.declarations, *(asked.declarations if asked else ())])
    # In a text that may differ in nothing but proofs, what Lean cannot read is part of one, unless it
    # cannot read it in the text that was asked either.
    known = {(m.command, m.text) for m in (asked.errors if asked is not None else ())}
    new = [m for _, m in loose if (m.command, m.text) not in known]
    unread = tuple(new) if until is not None else ()
    extra = None if asked is None or until is None else smuggled(asked, given, until)
    found = []
    for one, other in pairs:
        if other is None:
            found.append(_missing(given, loose))
            continue
        checked = Checked(
            given=other,
            answer=next(answers),
            asked=one,
            script=until is not None,
            errors=(*errors.get(other.place, ()), *unread),
            smuggled=extra,
            heartbeats=given.heartbeats,
            type_hash=made.type_hash(other)
            if trusted is None or one is None
            else trusted.type_hash(one),
            names=all_names | names_of([other]),
        )
        found.append(_conclude(checked))
    return found


def names_of(declarations: Iterable[Declaration]) -> dict[Name, str]:
    """What a person calls the constants of a text."""
    return {
        c.name: d.name if c.auxiliary or c == d.constant else c.shown
        for d in declarations
        for c in d.constants
    }


def errors_by_declaration(
    text: Elaborated,
) -> tuple[dict[Place, tuple[Message, ...]], list[tuple[str, Message]]]:
    """Lean's errors by the declaration that they are about; and those that are about none, each with
    the name of what was to be declared, or its line."""
    found: dict[Place, tuple[Message, ...]] = {}
    loose: list[tuple[str, Message]] = []
    commands = dict(enumerate(text.commands, text.first_command))
    declarations = text.declarations if text.errors else ()
    for message in text.errors:
        at = text.offset(message)
        index = -1 if message.command is None else message.command
        command = commands.get(index)
        if command is None or at < command.first:
            # No command: it goes on from the one before, or stands on a line of its own.
            index = index - 1 if message.column else -1
            command = commands.get(index)
        here = [d for d in declarations if d.command == index and d.listed]
        inside = [d for d in here if d.first <= at <= d.last] or [d for d in here if d.first <= at]
        pieces = [p for p in command.pieces if p.first <= at] if command is not None else []
        owned = {d.piece for d in here}
        if inside and (not pieces or pieces[-1] in owned or inside[-1].piece is None):
            key = inside[-1].place
            found[key] = (*found.get(key, ()), message)
        else:
            loose.append((_called(pieces, message), message))
    return found, loose


def _called(pieces: Sequence[Piece], message: Message) -> str:
    if pieces and pieces[-1].id is not None:
        return ".".join(map(str, pieces[-1].id))
    return f"line {message.line}"


def smuggled(asked: Elaborated, given: Elaborated, until: int) -> str | None:
    """What a text holds that is not a proof in a place that was left for one, up to a command."""
    wanted = asked.commands[given.first_command : until]
    if given.stopped is not None and asked.stopped is None:
        return "it ends the file"
    if [c.kind for c in given.commands] != [c.kind for c in wanted]:
        return "it adds commands of its own"
    for one, other in zip(wanted, given.commands, strict=True):
        if len(one.pieces) != len(other.pieces):
            return "it adds declarations of its own"
        for before, after in zip(one.pieces, other.pieces, strict=True):
            if _head(asked, before) != _head(given, after):
                return "it changes what stands before the proof"
            if after.more is not None and after.more != before.more:
                return f"`{after.more}` runs a program or changes what comes after"
    return None


def _head(text: Elaborated, piece: Piece) -> bytes:
    end = piece.last if piece.body is None else piece.body
    return text.text.encode()[piece.first : end]


def _text(checked: Checked) -> Layer:
    """Only a proof was added to what was asked."""
    return Layer("text", checked.smuggled is None, checked.smuggled or "nothing but a proof is new")


def _elaboration(checked: Checked) -> Layer:
    """Lean elaborates the declaration without an error."""
    detail = f"{checked.heartbeats} heartbeats"
    return Layer("elaboration", not checked.errors, str([*checked.errors, detail][0]))


def _statement(checked: Checked) -> Layer:
    """It is the declaration that was asked, and all that its statement mentions is as it was there."""
    if checked.answer.same:
        return Layer("statement", True, f"type hash {checked.type_hash}")
    return Layer("statement", False, checked.answer.why or "another statement")


def _axioms(checked: Checked) -> Layer:
    """Nothing is left open, and only the axioms of Lean's logic are used."""
    unfinished = dict.fromkeys([*checked.left_open, *checked.answer.open])
    open_ = [f"{checked.shown(name)} (open)" for name in unfinished]
    names = [checked.shown(name) for name in (*checked.answer.axioms, *checked.answer.unknown)]
    detail = ", ".join([*names, *open_]) or "none visible"
    return Layer("axioms", not (checked.forbidden or open_), detail)


def _kernel(checked: Checked) -> Layer:
    """The kernel of a process that ran none of the text accepts it, and all it rests on that is not
    imported."""
    said = (f"{checked.shown(name)}: {why}" for name, why in checked.answer.refused.items())
    refused = list(dict.fromkeys(said))
    detail = "; ".join(refused) or "checked in another process"
    return Layer("kernel", not refused, detail)


LAYERS = (_text, _elaboration, _statement, _axioms, _kernel)


def _missing(text: Elaborated, loose: Sequence[tuple[str, Message]]) -> Judgement:
    reason = str(loose[0][1]) if loose else "the text makes no declaration of this name"
    return Judgement(Outcome.REJECTED, reason, (Layer("statement", False, reason),))


def _conclude(checked: Checked) -> Judgement:
    wanted = {"text": checked.script, "statement": checked.asked is not None}
    ran = [layer(checked) for layer in LAYERS]
    layers = tuple(layer for layer in ran if wanted.get(layer.name, True))
    passed = {layer.name: layer.passed for layer in layers}
    details = {layer.name: layer.detail for layer in layers}
    own_open = checked.left_open
    outcome, reason = Outcome.PROVED, ""
    if not passed["elaboration"]:
        outcome, reason = Outcome.REJECTED, details["elaboration"]
    elif not passed.get("text", True):
        outcome, reason = Outcome.CHEATED, f"the proof is more than a proof: {details['text']}"
    elif not passed["axioms"] and not checked.forbidden and own_open:
        outcome, reason = Outcome.REJECTED, _unfinished(checked, own_open)
    elif not passed["kernel"] and checked.own & checked.answer.refused.keys():
        outcome, reason = Outcome.CHEATED, f"the kernel rejects {_first(details['kernel'])}"
    elif not passed.get("statement", True):
        outcome = Outcome.CHEATED
        reason = f"the statement is not the one that was asked: {details['statement']}"
    elif not passed["axioms"] and checked.forbidden:
        outcome, reason = Outcome.CHEATED, f"the proof rests on {', '.join(checked.forbidden)}"
    elif not passed["axioms"]:
        others = ", ".join(f"`{name}`" for name in checked.others_open)
        outcome, reason = Outcome.REJECTED, f"it rests on {others}, which is not finished"
    elif not passed["kernel"]:
        outcome, reason = Outcome.CHEATED, f"the kernel rejects {_first(details['kernel'])}"
    else:
        reason = _to_mind(checked)
    return Judgement(
        outcome,
        reason,
        layers,
        axioms=tuple(sorted(checked.shown(name) for name in checked.answer.axioms)),
        type_hash=checked.type_hash,
        rests_on=() if own_open else tuple(checked.others_open),
        forbidden=tuple(checked.forbidden),
    )


def _unfinished(checked: Checked, open_: Sequence[Name]) -> str:
    names = [checked.shown(name) for name in open_]
    whole = (checked.given.constant.shown, checked.given.name)
    where = "" if names[0] in whole else f" in `{names[0]}`"
    return f"it is not finished: it holds `sorry`{where}"


def _first(details: str) -> str:
    return details.split("; ")[0]


def _to_mind(checked: Checked) -> str:
    """What a person has to judge, because no kernel can."""
    if checked.asked is None:
        return ""
    if not checked.answer.theorem and checked.asked.sorry and checked.given.kind != "theorem":
        return "a definition: it has the type; whether it is the one you mean, only you can say"
    if checked.answer.answers:
        names = ", ".join(f"`{checked.shown(name)}`" for name in checked.answer.answers)
        return f"the statement is about {names}; whether that is the one you mean, only you can say"
    return ""


def failed_judgement(kind: str, message: str) -> Judgement:
    """What is to be said of a text that a process died of."""
    outcome = {"timeout": Outcome.TIMEOUT, "memory": Outcome.CRASH, "crash": Outcome.CRASH}
    layer = Layer("elaboration", False, message)
    return Judgement(outcome.get(kind, Outcome.REJECTED), message, (layer,))
