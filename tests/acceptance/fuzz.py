"""Changes to honest files that keep what they prove, or take it away in one known place.

`honest/` holds files whose blocks, separated by empty lines, are single commands. What wraps or
decorates a block says nothing new, so the verdict on each declaration stays; with one proof
replaced, exactly that theorem and what rests on it is refused.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

HONEST = Path(__file__).parent / "honest"

_WORDS = r"[\w'.!?₀-₉«»]"
_HEAD = re.compile(rf"(?:noncomputable )?(theorem|def|abbrev|inductive|structure) ({_WORDS}+)")
_LEMMA = 'macro "lemma" n:declId sig:declSig val:declVal : command => `(theorem $n $sig $val)'


@dataclass(frozen=True)
class Block:
    """A command, the `index`-th of its file. `name` is that of the theorem it is, as the file's
    answers call it, or empty; `short` how the text calls it; `before` and `after` are lines of
    their own around it."""

    text: str
    index: int = -1
    name: str = ""
    short: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([*self.before, self.text, *self.after])

    @property
    def assign(self) -> int | None:
        """Where the `:=` of a theorem is, outside of all brackets."""
        depth = 0
        for match in re.finditer(r"[([{⟨]|[)\]}⟩]|:=|\n[ ]*\|", self.text):
            found = match[0]
            if found == ":=" and depth == 0:
                before = self.text[: match.start()].rsplit(":", 1)[-1]
                if not re.search(r"\b(let|have) \w+ \Z", before):
                    return match.start()
            elif found in "([{⟨":
                depth += 1
            elif found in ")]}⟩":
                depth -= 1
            elif found.endswith("|") and depth == 0:
                return None
        return None

    @property
    def statement(self) -> str:
        return self.text[: self.assign]

    def mentions(self, other: Block) -> bool:
        return (
            re.search(rf"(?<!{_WORDS}){re.escape(other.short)}(?!{_WORDS})", self.text) is not None
        )


def read_blocks(path: Path) -> list[Block]:
    """The blocks of an honest file."""
    found: list[Block] = []
    scopes: list[str] = []
    for text in re.split(r"\n\n(?=\S)", path.read_text(encoding="utf-8").strip()):
        first, _, rest = text.partition(" ")
        if first == "namespace":
            scopes.append(rest)
        elif first in ("section", "end"):
            scopes = [*scopes, ""] if first == "section" else scopes[:-1]
        match = _HEAD.match(re.sub(r"\s+", " ", text))
        name = short = ""
        if match is not None and match[1] == "theorem":
            short = match[2]
            name = ".".join([*filter(None, scopes), short])
        found.append(Block(text, len(found), name, short))
    return found


def join(blocks: Sequence[Block]) -> str:
    return "\n\n".join(map(str, blocks)) + "\n"


def theorems(blocks: Sequence[Block]) -> list[int]:
    """The indices of the theorems whose proof stands behind a `:=`."""
    return [i for i, block in enumerate(blocks) if block.name and block.assign is not None]


def resting_on(blocks: Sequence[Block], index: int) -> set[str]:
    """The theorems that may rest on one, themselves included."""
    rests = {i for i, block in enumerate(blocks) if block.index == index}
    for i in range(min(rests) + 1, len(blocks)):
        if any(blocks[i].mentions(blocks[j]) for j in rests if blocks[j].short):
            rests.add(i)
    return {blocks[i].name for i in rests if blocks[i].name}


# What decorates a block and says nothing new.


def _in_mutual(block: Block, rng: random.Random) -> Block:
    return replace(block, before=("mutual", *block.before), after=(*block.after, "end"))


def _set_option_in(block: Block, rng: random.Random) -> Block:
    option = rng.choice(["maxRecDepth 1000", "pp.all true", "linter.all false"])
    return replace(block, before=(f"set_option {option} in", *block.before))


def _open_in(block: Block, rng: random.Random) -> Block:
    return replace(block, before=(f"open {rng.choice(['Option', 'Except'])} in", *block.before))


def _doc_comment(block: Block, rng: random.Random) -> Block:
    said = rng.choice(["Says it.", "`theorem t : 1 = 2 := sorry`", "example:1 mutual\nend -- no"])
    return replace(block, text=f"/-- {said} -/\n{block.text}")


def _lemma(block: Block, rng: random.Random) -> Block:
    return replace(block, text="lemma" + block.text.removeprefix("theorem"))


def _block_comment(block: Block, rng: random.Random) -> Block:
    at = block.assign
    assert at is not None
    said = rng.choice(["/- sorry -/", "/- := by sorry\n/- in a comment -/ end -/", "-- admit\n "])
    return replace(block, text=f"{block.text[:at]}{said} {block.text[at:]}")


def _comment_before(block: Block, rng: random.Random) -> Block:
    said = rng.choice(["-- theorem t : 1 = 2 := sorry", "/- #exit -/", "/-! A title. -/"])
    return replace(block, before=(said, *block.before))


def _trailing(block: Block, rng: random.Random) -> Block:
    lines = [line + " " * rng.randrange(4) for line in block.text.split("\n")]
    return replace(block, text="\n".join(lines))


def _indented(block: Block, rng: random.Random) -> Block:
    """All lines but the first further to the right."""
    return replace(block, text=re.sub(r"^( +)", r"\1   ", block.text, flags=re.MULTILINE))


def _noise(block: Block, rng: random.Random) -> Block:
    command = rng.choice(["#check Nat", "example : True := trivial", "open Nat (succ)"])
    return replace(block, before=(command, "", *block.before))


WRAPPERS: tuple[Callable[[Block, random.Random], Block], ...] = (
    _set_option_in,
    _open_in,
    _doc_comment,
    _lemma,
    _block_comment,
    _trailing,
    _indented,
    _in_mutual,
    _comment_before,
    _noise,
)
"""In the order in which they can be applied."""


@dataclass(frozen=True)
class File:
    """A changed file, its blocks with those that were added, and how often each name is there."""

    text: str
    blocks: tuple[Block, ...]
    changes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [block.name for block in self.blocks if block.name]


def wrapped(blocks: Sequence[Block], rng: random.Random) -> File:
    """A file with every theorem decorated at random, and the whole of it wrapped."""
    changes: list[str] = []
    found = list(blocks)
    wrappers = [wrap for wrap in WRAPPERS if wrap is not _lemma or rng.random() < 0.1]
    for i in theorems(blocks):
        for wrap in wrappers:
            if rng.random() < 0.25 and _fits(wrap, found[i]):
                found[i] = wrap(found[i], rng)
                changes.append(f"{wrap.__name__} {found[i].name}")
    if any("lemma " in block.text for block in found):
        found.insert(0, Block(_LEMMA))
    found, more = _whole(found, rng)
    text = join(found)
    if rng.random() < 0.1:
        text, more = text.replace("\n", "\r\n"), [*more, "CRLF"]
    return File(text, tuple(found), (*changes, *more))


def _fits(wrap: Callable[[Block, random.Random], Block], block: Block) -> bool:
    if wrap is _in_mutual:
        return "where" not in block.text and "let rec" not in block.text and not block.before
    if wrap is _lemma:
        return block.text.startswith("theorem ")
    if wrap is _block_comment:
        return block.assign is not None
    return True


def _whole(blocks: list[Block], rng: random.Random) -> tuple[list[Block], list[str]]:
    """The blocks in a namespace, a section with variables, or under other names."""
    kind = rng.choice(["none", "namespace", "section", "unicode", "nested"])
    if kind == "section":
        opened = Block("section Fuzz\nvariable {unused : Nat} (ζ : Type) [Inhabited ζ]")
        return [opened, *blocks, Block("end Fuzz")], [kind]
    if kind in ("namespace", "nested"):
        space = "Fuzz" if kind == "namespace" else "Fuzz.«a b».Ω"
        moved = [replace(b, name=b.name and f"{space}.{b.name}") for b in blocks]
        return [Block(f"namespace {space}"), *moved, Block(f"end {space}")], [kind]
    if kind == "unicode":
        for block in [b for b in blocks if b.short and "." not in b.short]:
            new = rng.choice(["{}αβ'", "ℕ_{}", "«{} sorry»", "{}₁!"]).format(block.short)
            blocks = [_renamed(b, block.short, new) for b in blocks]
    return blocks, [kind]


def _renamed(block: Block, old: str, new: str) -> Block:
    pattern = rf"(?<!{_WORDS}){re.escape(old)}(?!{_WORDS})"
    text = re.sub(pattern, lambda _: new, block.text)
    if not block.short:
        return replace(block, text=text)
    short = new if block.short == old else block.short
    name = block.name[: len(block.name) - len(block.short)] + short
    return replace(block, text=text, short=short, name=name)


def left_open(block: Block) -> Block:
    """A theorem without its proof."""
    assert block.assign is not None
    return replace(block, text=block.text[: block.assign] + ":= by\n  sorry")


def made_false(block: Block) -> Block:
    """A false theorem of the same name."""
    return replace(block, text=f"theorem {block.short} : (1 : Nat) = 2 := by decide")


# What may break a proof.


def broken(blocks: Sequence[Block], rng: random.Random) -> list[Block]:
    """Blocks with some tokens, lines or proofs dropped, doubled or exchanged."""
    found = list(blocks)
    there = theorems(blocks)
    for _ in range(rng.randrange(1, 3)):
        i = rng.choice(there)
        at = found[i].assign
        if at is None:
            continue
        statement, proof = found[i].text[:at], found[i].text[at + 2 :]
        kind = rng.choice(["drop", "double", "swap", "line", "proofs", "sorry", "token"])
        parts = re.findall(r"\s+|\w+|[^\w\s]", proof)
        words = [k for k, part in enumerate(parts) if part.strip()]
        if kind == "proofs":
            other = blocks[rng.choice(there)]
            assert other.assign is not None
            proof = other.text[other.assign + 2 :]
        elif kind == "line" and "\n" in proof:
            lines = proof.split("\n")
            del lines[rng.randrange(1, len(lines))]
            proof = "\n".join(lines)
        elif words:
            k, m = rng.choice(words), rng.choice(words)
            if kind == "drop":
                parts[k] = ""
            elif kind == "double":
                parts[k] += " " + parts[k]
            elif kind == "swap":
                parts[k], parts[m] = parts[m], parts[k]
            else:
                parts[k] = "sorry" if kind == "sorry" else rng.choice(["rfl", "h", "0", "_", "?_"])
            proof = "".join(parts)
        found[i] = replace(found[i], text=f"{statement}:={proof}")
    return found


_OTHER = {
    "+": "*",
    "*": "+",
    "=": "≤",
    "<": "≤",
    "≤": "<",
    "∧": "∨",
    "∨": "∧",
    "Nat": "Int",
    "0": "1",
    "1": "2",
    "2": "3",
    "true": "false",
    "∃": "∀",
}


def other_statements(block: Block) -> Iterator[Block]:
    """A theorem with one token of its statement exchanged for another that means something else."""
    statement, rest = block.statement, block.text[len(block.statement) :]
    name_ends = statement.index(block.short) + len(block.short)
    for match in re.finditer(r"(?<![\w'.:])(\w+|[+*=<≤∧∨∃])(?![\w'.=>])", statement):
        if match.start() >= name_ends and match[0] in _OTHER and '"' not in statement:
            text = statement[: match.start()] + _OTHER[match[0]] + statement[match.end() :]
            yield replace(block, text=text + rest)
