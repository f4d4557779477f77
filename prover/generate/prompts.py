"""The prompt formats of published provers, and our own.

A step format turns a tactic state into a prompt and a completion into one tactic. A whole-proof
format does so with a statement and its proof. The texts are those that the models were trained or
published with, to the character; each class names its source.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from prover.errors import WrongUse
from prover.generate.shapes import TOKEN
from prover.lean.source import with_hole
from search.context import Premise
from search.interfaces import Goal, Request
from search.proof import layout

Message = dict[str, str]
Prompt = str | tuple[Message, ...]
"""A text, or the messages of a chat, which the model's own chat template turns into a text."""

PUBLISHED_HEADER = (
    "import Mathlib\nimport Aesop\n\nset_option maxHeartbeats 0\n\n"
    "open BigOperators Real Nat Topology Rat\n\n"
)
"""What DeepSeek-Prover and its heirs put before a statement that has no header."""

Score = Literal["sum", "mean"]
"""The score of a completion: the sum or the mean of its tokens' log-probabilities."""

UNNAMED = "theorem"
"""Stands for the name of the theorem, which a request does not know."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How completions are drawn. With `beam`, `samples` is the number of beams and the temperature
    is not used; the score is the plain sum of log-probabilities (length penalty 0). Temperature 0
    is greedy. `max_tokens` bounds one completion.
    """

    samples: int
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 256
    beam: bool = False

    def __post_init__(self) -> None:
        if self.samples < 1 or self.max_tokens < 1:
            raise ValueError("samples and max_tokens must be at least 1")
        if self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ValueError("the temperature must be at least 0 and top_p in (0, 1]")


_DOCSTRING = re.compile(r"\s*/--((?:(?!-/).)*)-/\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """A theorem to be proved whole: `text` with or without `:= by sorry`. Without a `header`, a
    format uses the one it was published with. `informal` is the problem in words."""

    text: str
    header: str | None = None
    informal: str = ""

    @classmethod
    def with_docstring(cls, text: str, header: str | None = None, informal: str = "") -> Self:
        """A theorem as it stands in a file. Its docstring is the problem in words where these are
        not given."""
        if doc := _DOCSTRING.match(text):
            text, informal = text[doc.end() :], informal or doc[1].strip()
        return cls(text, header, informal)

    @property
    def opened(self) -> str:
        """The statement up to and including `:= by`."""
        return with_hole(self.text).removesuffix(" sorry")

    def file(self, end: str) -> str:
        """Header, docstring and statement, with `end` after `:= by`."""
        header = PUBLISHED_HEADER
        if self.header is not None:
            header = self.header.rstrip() + "\n\n" if self.header.strip() else ""
        return header + self.docstring + self.opened + end

    @property
    def docstring(self) -> str:
        return f"/-- {self.informal}-/\n" if self.informal else ""


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof read from a completion: a tactic block (without `by`), and the declarations that the
    model put before the theorem, empty if there are none."""

    tactics: str
    lemmas: str = ""


class StepFormat(ABC):
    """A model that proposes one tactic for a tactic state.

    `stop` are texts that end a completion beside the model's end token, `max_prompt_tokens` is
    where the authors cut long prompts, if they did. `retrieves`: the prompt shows theorems of the
    library, if there are any. The rest is how they searched: with `sampling`,
    the `score` of a tactic, `width` tactics run in an expansion, and the sum of a path's scores
    divided by depth**`alpha`.
    """

    name: ClassVar[str]
    stop: ClassVar[tuple[str, ...]] = ()
    sampling: ClassVar[Sampling]
    score: ClassVar[Score] = "sum"
    width: ClassVar[int] = 8
    alpha: ClassVar[float] = 0.0
    max_prompt_tokens: ClassVar[int | None] = None
    retrieves: ClassVar[bool] = False

    @abstractmethod
    def prompt(self, request: Request) -> Prompt: ...

    def tactic(self, completion: str) -> str:
        """The tactic of a finished completion, empty if there is none."""
        return layout(completion)

    def answer(self, tactic: str, request: Request) -> str:
        """What a model that is shown the prompt has to write for a tactic."""
        return tactic

    def meant(self, answer: str, request: Request) -> str:
        """The tactic for the goal that a model means by the tactic of its completion."""
        return answer


class ProofFormat(ABC):
    """A model that writes the whole proof of a statement. Fields as in `StepFormat`; its authors do
    not search. A proof has the mean as its score, so that it is tried beside single tactics."""

    name: ClassVar[str]
    stop: ClassVar[tuple[str, ...]] = ()
    sampling: ClassVar[Sampling]
    score: ClassVar[Score] = "mean"
    width: ClassVar[int] = 8
    alpha: ClassVar[float] = 0.0
    max_prompt_tokens: ClassVar[int | None] = None

    @abstractmethod
    def prompt(self, statement: Statement) -> Prompt: ...

    @abstractmethod
    def proof(self, completion: str, statement: Statement) -> Proof | None:
        """The proof of a completion, which may be cut off; None if there is none."""


Format = StepFormat | ProofFormat


# Steps


class GoalProofstep(StepFormat):
    """Our own models: the format of lean-training-data, llmstep and Llemma's corpus, without line
    breaks around the state. The model ends a tactic with its end token. A small model is sure of
    itself: the higher temperature draws more different tactics."""

    name = "prover"
    sampling = Sampling(samples=32, temperature=1.3, max_tokens=64)

    def prompt(self, request: Request) -> Prompt:
        return f"[GOAL]{request.state.pp}[PROOFSTEP]"


MOST_PROMPT = 960
"""Characters of a prompt with what its goal is about, of which a longer state has nothing. A token of
our tokenizer is seldom less than a character, so that the 1,024 positions of `small` hold the prompt
and a tactic."""

MOST_PREMISES = 8


class ContextGoalProofstep(GoalProofstep):
    """The format of our own models for those that are trained to read what a goal is about: before
    the state, the equations of the user's functions in it and the constructors of their types, and
    theorems, at most `MOST_PREMISES`: those of the file that mention them, then those of the library
    that are near the first goal of the search; the nearest last. Where there is no room for all,
    theorems go before definitions, and the nearest come first among both.

    What the first goal has as hypotheses is called `h0`, `h1` … where it is a fact and `x0`, `x1` …
    otherwise, in the prompt as in the completion."""

    name = "prover-context"
    retrieves = True

    def prompt(self, request: Request) -> Prompt:
        context, goal = request.context, request.state.goals[0]
        state = _renamed(request.state.pp, _canonical(goal))
        near = [*reversed(_premises(request)), *context.near][:MOST_PREMISES]
        theorems = [_line(f"theorem {p.signature.shown} : {p.signature.type}") for p in near]
        definitions = [
            _line(equation.text)
            for function in context.functions_of([*goal.own, *goal.around])
            for equation in function.equations
        ]
        definitions += [
            _line(f"{constructor.shown} : {constructor.type}")
            for name in goal.around
            if name in context.types
            for constructor in context.types[name].constructors
        ]
        room = MOST_PROMPT - len(state)
        kept: set[str] = set()
        for line in dict.fromkeys([*theorems, *definitions]):
            if len(line) <= room:
                room -= len(line)
                kept.add(line)
        shown = dict.fromkeys([*definitions, *reversed(theorems)])
        told = "".join(line for line in shown if line in kept)
        return f"[CONTEXT]{told}[GOAL]{state}[PROOFSTEP]"

    def answer(self, tactic: str, request: Request) -> str:
        return _renamed(tactic, _canonical(request.state.goals[0]))

    def meant(self, answer: str, request: Request) -> str:
        names = _canonical(request.state.goals[0])
        return _renamed(answer, {new: old for old, new in names.items()})


def _line(text: str) -> str:
    return " ".join(text.split()) + "\n"


def _canonical(goal: Goal) -> dict[str, str]:
    """New names for the hypotheses that a tactic can mention, none of which the goal has for
    something else."""
    old = {h.name: "h" if h.is_prop else "x" for h in goal.hypotheses if h.accessible}
    taken = {token.partition(".")[0] for token in TOKEN.findall(goal.pp)} - old.keys()
    found: dict[str, str] = {}
    for name, kind in old.items():
        numbered = (f"{kind}{n}" for n in count())
        found[name] = next(new for new in numbered if new not in taken)
        taken.add(found[name])
    return found


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """A text of Lean with other names for some variables, wherever a word is one of them or begins
    with one and a dot: a guess at what the words are, which no verdict stands on."""

    def one(found: re.Match[str]) -> str:
        head, dot, rest = found[0].partition(".")
        return names.get(head, head) + dot + rest

    return TOKEN.sub(one, text) if names else text


def _premises(request: Request) -> list[Premise]:
    """The theorems of the user's that speak of what the goal speaks of, the nearest last."""
    around = set(request.state.goals[0].around)
    return [p for p in request.context.premises if not p.open and p.own & around]


class Llmstep(GoalProofstep):
    """llmstep (Welleck and Saha 2023): `python/server_vllm.py` of wellecks/llmstep."""

    name = "llmstep"
    sampling = Sampling(samples=10, temperature=0.5, max_tokens=128)
    score = "mean"
    width = 10


class Llemma(StepFormat):
    """Llemma's few-shot prompt (Azerbayev et al. 2023): `proofsearch.py` of
    wellecks/llemma_formal2formal. Without other `examples` (states and tactics) it shows three of
    our own: those of the paper are not here, and a figure made without them is not Llemma's."""

    name = "llemma"
    stop = ("---",)
    sampling = Sampling(samples=32, max_tokens=256, beam=True)
    score = "mean"
    width = 32
    own_examples = (
        ("p q : Prop\nhp : p\nhq : q\n⊢ p ∧ q", "exact ⟨hp, hq⟩"),
        ("a b c : ℕ\nh : a = b\n⊢ a + c = b + c", "rw [h]"),
        ("x : ℝ\nh₀ : 2 * x + 1 = 7\n⊢ x = 3", "linarith"),
    )

    def __init__(self, examples: Sequence[tuple[str, str]] = own_examples) -> None:
        self.examples = tuple(examples)

    def prompt(self, request: Request) -> Prompt:
        shots = "".join(
            f"Tactic state:\n---\n{state}\n---\nNext tactic:\n---\n{tactic}\n---\n\n"
            for state, tactic in self.examples
        )
        return (
            "Given the Lean 4 tactic state, suggest a next tactic.\nHere are some examples:\n\n"
            f"{shots}Tactic state:\n---\n{request.state.pp}\n---\nNext tactic:\n---"
        )


class ReProver(StepFormat):
    """ReProver without retrieval (Yang et al. 2023): the state alone, to an encoder-decoder.
    `prover/tactic_generator.py`, `prover/evaluate.py` and `common.py` of lean-dojo/ReProver."""

    name = "reprover"
    sampling = Sampling(samples=64, max_tokens=512, beam=True)
    width = 64
    max_prompt_tokens = 2048

    def prompt(self, request: Request) -> Prompt:
        return request.state.pp

    def tactic(self, completion: str) -> str:
        return layout(completion.replace("<a>", "").replace("</a>", ""))


class RetrievalReProver(ReProver):
    """ReProver with retrieved premises (Yang et al. 2023): before the state, the best premise
    last, those that fit into 2,048 bytes with it; `common.py` of lean-dojo/ReProver. The premises are
    the user's own theorems, then those of the library that are near the first goal; Lean prints them
    where the authors took them from the source."""

    name = "reprover-retrieval"
    retrieves = True

    def prompt(self, request: Request) -> Prompt:
        state, told = request.state.pp, ""
        room = (self.max_prompt_tokens or 0) - len(state.encode())
        for premise in [*reversed(_premises(request)), *request.context.near]:
            name, type_text = premise.signature.name, premise.signature.type
            text = f"theorem <a>{name}</a> : {type_text}\n\n"
            if len(text.encode()) <= room:
                room -= len(text.encode())
                told = text + told
        return told + state


class InternLM2StepProver(StepFormat):
    """InternLM2-StepProver (Wu et al. 2024): `minif2f/proofsearch_internLM2-StepProver.py` of
    InternLM/InternLM-Math."""

    name = "internlm2"
    stop = ("<|im_end|>",)
    sampling = Sampling(samples=32, max_tokens=256, beam=True)
    score = "mean"
    width = 32

    def prompt(self, request: Request) -> Prompt:
        return self.turn(f"DECL {UNNAMED}\nGOAL {request.state.pp}\n")

    def tactic(self, completion: str) -> str:
        return layout(completion.removeprefix("PROOFSTEP "))

    @staticmethod
    def turn(content: str) -> str:
        """One message of the user in InternLM's chat markup, and the start of the answer."""
        return f"<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\n"


class InternLM25StepProver(InternLM2StepProver):
    """InternLM2.5-StepProver (Wu et al. 2024): `minif2f/proofsearch_internLM2.5-StepProver.py` of
    InternLM/InternLM-Math."""

    name = "internlm2.5"

    def prompt(self, request: Request) -> Prompt:
        before = "\n".join(request.history)
        return self.turn(
            f"---\nNAME: {UNNAMED}\n\n---\nPROOF_BEFORE: {before}\n\n"
            f"---\nSTATE_BEFORE: {request.state.pp}\n\n---\nTACTIC: "
        )

    def tactic(self, completion: str) -> str:
        return layout(completion)


class BFSProver(StepFormat):
    """BFS-Prover V1 and V2 (Xin et al. 2025): the model cards of ByteDance-Seed, and how their
    search prints a state (`src/search/prover_manager.py` of BFS-Prover-V2): its first goal, without
    the name of the case and without hypotheses `this : True`. The search is that of V2's script."""

    name = "bfs-prover"
    sampling = Sampling(samples=4, temperature=1.3, max_tokens=2048)
    score = "mean"
    width = 4
    alpha = 2.0

    def prompt(self, request: Request) -> Prompt:
        goal = re.sub(r"^\s*case .*\n?", "", request.state.goals[0].pp).strip()
        return re.sub(r"^\s*this.*? : True\n?", "", goal, flags=re.MULTILINE) + ":::"


# Whole proofs


class DeepSeekProverV15(ProofFormat):
    """DeepSeek-Prover-V1.5 (Xin et al. 2024), non-CoT mode: `prover/utils.py` and `quick_start.py`
    of deepseek-ai/DeepSeek-Prover-V1.5. The completion goes on after `:= by`."""

    name = "deepseek-prover-v1.5"
    stop = ("```",)
    sampling = Sampling(samples=32, top_p=0.95, max_tokens=2048)
    instruction = "Complete the following Lean 4 code"

    def prompt(self, statement: Statement) -> Prompt:
        return f"{self.instruction}:\n\n```lean4\n{statement.file(chr(10))}"

    def proof(self, completion: str, statement: Statement) -> Proof | None:
        return _proof(completion.split("```", 1)[0])


class GoedelProver(DeepSeekProverV15):
    """Goedel-Prover-SFT and -DPO (Lin et al. 2025): DeepSeek-Prover-V1.5's CoT prompt;
    `eval/step1_inference.py` of Goedel-LM/Goedel-Prover."""

    name = "goedel-prover"
    instruction = (
        "Complete the following Lean 4 code with explanatory comments preceding each line of code"
    )


class STP(DeepSeekProverV15):
    """STP (Dong and Ma 2025): `RL/utils/model_utils.py` of kfdong/STP. No words, its own spacing of
    the header, and no line break after `:= by`."""

    name = "stp"
    sampling = Sampling(samples=32, max_tokens=1024)
    header = (
        "import Mathlib\nimport Aesop\nset_option maxHeartbeats 0\n"
        "open BigOperators Real Nat Topology Rat\n\n"
    )

    def prompt(self, statement: Statement) -> Prompt:
        header = self.header if statement.header is None else statement.header
        return f"{self.instruction}:\n\n```lean4\n{header}{statement.opened.strip()}"


class DeepSeekProverV2(ProofFormat):
    """DeepSeek-Prover-V2 (Ren et al. 2025), CoT mode: README of deepseek-ai/DeepSeek-Prover-V2."""

    name = "deepseek-prover-v2"
    sampling = Sampling(samples=32, max_tokens=8192)
    before_fence = "\n"

    def prompt(self, statement: Statement) -> Prompt:
        code = statement.file("\n  sorry") + self.before_fence
        content = (
            f"Complete the following Lean 4 code:\n\n```lean4\n{code}```\n\n"
            "Before producing the Lean 4 code to formally prove the given theorem, provide a "
            "detailed proof plan outlining the main proof steps and strategies.\n"
            "The plan should highlight key ideas, intermediate lemmas, and proof structures that "
            "will guide the construction of the final formal proof."
        )
        return ({"role": "user", "content": content},)

    def proof(self, completion: str, statement: Statement) -> Proof | None:
        return _last_proof(completion, statement)


class GoedelProverV2(DeepSeekProverV2):
    """Goedel-Prover-V2 (Lin et al. 2025): README of Goedel-LM/Goedel-Prover-V2."""

    name = "goedel-prover-v2"
    sampling = Sampling(samples=32, temperature=0.6, top_p=0.95, max_tokens=32768)
    before_fence = ""


class Kimina(ProofFormat):
    """Kimina-Prover (Wang et al. 2025): the model cards of AI-MO's preview and distilled models."""

    name = "kimina"
    sampling = Sampling(samples=32, temperature=0.6, top_p=0.95, max_tokens=8096)
    system = "You are an expert in mathematics and Lean 4."

    def content(self, statement: Statement) -> str:
        return (
            "Think about and solve the following problem step by step in Lean 4.\n"
            f"# Problem:{statement.informal}\n# Formal statement:\n"
            f"```lean4\n{statement.file('')}\n```\n"
        )

    def prompt(self, statement: Statement) -> Prompt:
        return (
            {"role": "system", "content": self.system},
            {"role": "user", "content": self.content(statement)},
        )

    def proof(self, completion: str, statement: Statement) -> Proof | None:
        _, end, answer = completion.rpartition("</think>")
        if not end and "<think>" in completion:
            return None
        return _last_proof(answer, statement)


class KiminaRL(Kimina):
    """Kimina-Prover-RL: the prompts that project-numina/kimina-prover-rl trains with."""

    name = "kimina-rl"
    system = "You are an expert in mathematics and proving theorems in Lean 4."

    def content(self, statement: Statement) -> str:
        return (
            "Think about and solve the following problems step by step in Lean 4.\n\n"
            f"# Problem:\n{statement.informal}\n\n# Formal Statement:\n"
            f"```lean4\n{statement.file('')}\n```\n"
        )


class Chat(ProofFormat):
    """Any chat model, asked for a proof in words of our own."""

    name = "chat"
    sampling = Sampling(samples=4, temperature=0.8, top_p=0.95, max_tokens=4096)
    system = "You prove theorems in Lean 4. You answer with one block of Lean code."

    def prompt(self, statement: Statement) -> Prompt:
        content = f"Finish this proof:\n\n```lean\n{statement.file(chr(10))}  sorry\n```"
        return (
            {"role": "system", "content": self.system},
            {"role": "user", "content": content},
        )

    def proof(self, completion: str, statement: Statement) -> Proof | None:
        return _last_proof(completion.rpartition("</think>")[2], statement)


class Plain(DeepSeekProverV15):
    """Any model without a chat that has read Lean 4: it goes on with a file of code."""

    name = "plain"
    sampling = Sampling(samples=4, temperature=0.8, top_p=0.95, max_tokens=2048)

    def prompt(self, statement: Statement) -> Prompt:
        return f"```lean\n{statement.file(chr(10))}"


# Reading proofs

# A model may write anything, and all of these take time in proportion to its length: what one of
# them has read in vain, it does not read again.

_FENCE = re.compile(
    r"```[ \t]*(?:(?:lean ?4?|Lean ?4?)[ \t]*)?\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL
)
_MODIFIERS = r"(?:@\[[^\]@]*\]\s*|(?:private|protected|noncomputable)\s+)*+"
_DECLARES = re.compile(
    rf"^\s*+{_MODIFIERS}"
    r"((?:theorem|lemma|def|abbrev|instance|structure|inductive|class|open|variable|notation|local|"
    r"macro|syntax|namespace|section|set_option|universe)\b)?",
    re.MULTILINE,
)
_THEOREM = re.compile(rf"^{_MODIFIERS}((?:theorem|lemma|example)\b)?", re.MULTILINE)
"""What may stand before a theorem, and its keyword if it is one."""

_UNASSIGNED = re.compile(r"\s*:=\s*by\Z")


def _last_proof(completion: str, statement: Statement) -> Proof | None:
    """The proof in the last fenced block that proves the statement, or else any theorem."""
    blocks = [found[1] for found in _FENCE.finditer(completion)]
    target = _UNASSIGNED.sub("", statement.opened).split()
    spaced = re.compile(r"\s+".join(map(re.escape, target)))
    for block in reversed(blocks):
        if found := spaced.search(block):
            return _split(block, found.start(), found.end(), statement)
    for block in reversed(blocks):
        if theorems := [found for found in _THEOREM.finditer(block) if found[1]]:
            return _split(block, theorems[-1].start(), theorems[-1].end(), statement)
    return None


def _split(block: str, first: int, last: int, statement: Statement) -> Proof | None:
    """A file's text, cut at the theorem that begins at `first` and is read up to `last`."""
    assign = _assignment(block, last)
    if assign is None:
        return None
    body = block[assign + 2 :]
    if by := re.match(r"\s*by\b[ \t]*", body):
        proof = _proof(body[by.end() :])
    else:
        term = _proof(body)
        proof = term and Proof("exact (" + term.tactics.replace("\n", "\n  ") + ")")
    if proof is None:
        return None
    header = PUBLISHED_HEADER if statement.header is None else statement.header
    known = {line.strip() for line in header.split("\n")}
    before = [
        line
        for line in _without_docstring(block[:first]).split("\n")
        if line.strip() not in known and not line.startswith("import ")
    ]
    lemmas = "\n".join(before).strip()
    declares = any(found[1] for found in _DECLARES.finditer(lemmas))
    return Proof(proof.tactics, lemmas if declares else "")


def _without_docstring(text: str) -> str:
    """A text without the docstring that it ends with."""
    end = len(text.rstrip()) - len("-/")
    if end < 0 or not text.startswith("-/", end):
        return text
    start = text.find("/--", max(0, text.rfind("-/", 0, end) - 2), end)
    return text if start < 0 else text[:start]


def _assignment(text: str, start: int) -> int | None:
    """Where the `:=` of a declaration stands: the first outside brackets, one before `by` if any
    in this declaration is."""
    depth, found = 0, []
    for place in range(start, len(text)):
        if text[place] in "([{⟨":
            depth += 1
        elif text[place] in ")]}⟩":
            depth -= 1
        elif depth == 0 and text.startswith(":=", place):
            found.append(place)
            if re.match(r":=\s*by\b", text[place:]):
                return place
            if len(found) == 2:
                break
    return found[0] if found else None


def _proof(body: str) -> Proof | None:
    """The tactic block that a text begins with: up to what stands in the margin after it."""
    lines = body.rstrip().split("\n")
    if lines[0].strip() and not lines[0][0].isspace() and len(lines) > 1:
        rest = [line for line in lines[1:] if line.strip()]
        inner = min((len(line) - len(line.lstrip()) for line in rest), default=0)
        if inner > 0 and not _opens_block(lines[0]):
            lines[0] = " " * inner + lines[0]  # `by tac` on one line, the next below
    kept: list[str] = []
    indented = False
    for line in lines:
        if line.strip():
            if indented and not line[0].isspace():
                break
            indented |= line[0].isspace()
        kept.append(line)
    tactics = layout("\n".join(kept))
    return Proof(tactics) if tactics else None


def _opens_block(line: str) -> bool:
    """Whether what stands below a line and to its right belongs to it."""
    return bool(re.search(r"(\bby|\bwith|=>|:=|<;>|,|[(\[{⟨·]|\bdo|\bcalc.*)\s*(--.*)?\Z", line))


# Choosing


class ExamplesError(WrongUse):
    """Examples for a prompt that cannot be read, or that its format has no place for."""


def read_examples(path: Path) -> list[tuple[str, str]]:
    """Tactic states with their tactics: JSON lines with `state` and `tactic`.

    Raises:
        ExamplesError: the file cannot be read, or is none of that kind.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except OSError as error:
        raise ExamplesError(f"cannot read the examples in {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ExamplesError(f"{path} is not UTF-8 (byte {error.start})") from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            state, tactic = row["state"], row["tactic"]
            if not (isinstance(state, str) and isinstance(tactic, str)):
                raise TypeError("no texts")
        except (ValueError, LookupError, TypeError):
            raise ExamplesError(
                f'{path}, line {number}: an example is a line {{"state": "…", "tactic": "…"}}'
            ) from None
        found.append((state, tactic.strip()))
    if not found:
        raise ExamplesError(f"{path} holds no example")
    return found


def with_examples(form: Format, examples: Sequence[tuple[str, str]]) -> Format:
    """The format with these examples in its prompt.

    Raises:
        ExamplesError: it shows none.
    """
    if not isinstance(form, Llemma):
        raise ExamplesError(f"the prompt format {form.name} shows no examples; llemma does")
    return Llemma(examples)


FORMATS: Mapping[str, Format] = {
    form.name: form
    for form in (
        GoalProofstep(),
        ContextGoalProofstep(),
        Llmstep(),
        Llemma(),
        ReProver(),
        RetrievalReProver(),
        InternLM2StepProver(),
        InternLM25StepProver(),
        BFSProver(),
        DeepSeekProverV15(),
        GoedelProver(),
        STP(),
        DeepSeekProverV2(),
        GoedelProverV2(),
        Kimina(),
        KiminaRL(),
        Chat(),
        Plain(),
    )
}

_NAMES = (
    (r"bfs-?prover", "bfs-prover"),
    (r"internlm2[_.]5.*step-?prover", "internlm2.5"),
    (r"internlm2?.*step-?prover", "internlm2"),
    (r"llemma|code-?llama", "llemma"),
    (r"llmstep", "llmstep"),
    (r"leandojo.*retriever-tacgen", "reprover-retrieval"),
    (r"reprover|leandojo.*tacgen", "reprover"),
    (r"deepseek-prover-v2", "deepseek-prover-v2"),
    (r"deepseek-prover", "deepseek-prover-v1.5"),
    (r"goedel-prover-v2", "goedel-prover-v2"),
    (r"goedel-prover", "goedel-prover"),
    (r"kimina-prover-rl", "kimina-rl"),
    (r"kimina-prover", "kimina"),
    (r"(?<![a-z])stp(?![a-z])", "stp"),
)


class UnknownFormat(WrongUse, ValueError):
    """A model whose prompt format is not known, or a format that does not exist."""


def named(name: str) -> Format:
    """The format of a name.

    Raises:
        UnknownFormat: there is none; the message lists those that exist.
    """
    if name not in FORMATS:
        raise UnknownFormat(f"there is no prompt format {name!r}; known are {_known()}")
    return FORMATS[name]


def step_format(name: str) -> StepFormat:
    """The step format of a name.

    Raises:
        UnknownFormat: there is none.
    """
    form = named(name)
    if not isinstance(form, StepFormat):
        raise UnknownFormat(f"{name} is a format of whole proofs: this needs one of single tactics")
    return form


def detect(
    model: str, config: object = None, vocabulary: Mapping[str, int] | None = None
) -> Format:
    """The format of a model, from what is surest: `prompt_format` in its configuration (which our
    own models have), its name or path, the name it was saved under, or its tokenizer's vocabulary.

    `config` is the model's configuration, a mapping or an object.

    Raises:
        UnknownFormat: none of these tells; the message lists the formats to choose from.
    """
    if told := _field(config, "prompt_format"):
        return named(str(told))
    for name in (model, str(_field(config, "_name_or_path") or "")):
        for part in reversed(re.split(r"[/\\]", name)):
            for pattern, form in _NAMES:
                if re.search(pattern, part, re.IGNORECASE):
                    return FORMATS[form]
    if vocabulary is not None and {"[GOAL]", "[PROOFSTEP]"} <= vocabulary.keys():
        return FORMATS[GoalProofstep.name]
    raise UnknownFormat(f"the prompt format of {model} is not known: name one of {_known()}")


def _field(config: object, name: str) -> Any:
    if isinstance(config, Mapping):
        return config.get(name)
    return getattr(config, name, None)


def _known() -> str:
    return ", ".join(FORMATS)
