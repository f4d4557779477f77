"""What a model puts before a theorem, as part of the theorem's own proof.

A search looks for a tactic block that proves the statement which was asked, and nothing else may come
to stand beside it. A lemma becomes a `have` with the same binders, type and proof, an `open` stands
around the block. What that does to a proof (a lemma that calls itself, an attribute that `simp` misses)
Lean finds out.
"""

from __future__ import annotations

import re

from prover.lean.source import indent
from prover.lean.syntax import split_at_comments

_COMMAND = re.compile(
    r"^(?:@\[[^\]@]*\]\s*|(?:private|protected|nonrec)\s+)*+"
    r"(?:(?:theorem|lemma)\s+(?P<lemma>\S)"
    r"|(?P<other>#|(?:abbrev|attribute|axiom|class|def|elab|end|example|export|import|inductive|"
    r"infix[lr]?|instance|local|macro|macro_rules|mutual|namespace|noncomputable|notation|opaque|"
    r"open|partial|postfix|prefix|scoped|section|set_option|structure|syntax|universe|unsafe|"
    r"variable)\b))?",
    re.MULTILINE,
)
"""Where in the margin a lemma or another command begins, if one does. `lemma` is its name's start."""

_OPEN = re.compile(r"open\s+(.*?)(\s+in)?\s*", re.DOTALL)
_MOST_OPEN = 16
_LIMIT = re.compile(r"set_option\s+max\w+\s+\d+(\s+in)?\s*")


def with_lemmas(lemmas: str, tactics: str) -> str | None:
    """The tactic block with what stands before its theorem. None where that is anything else than
    theorems, `open`s and limits on resources, which are left out: a tactic has limits of its own."""
    code = "".join(split_at_comments(lemmas))
    starts = [found for found in _COMMAND.finditer(code) if found["lemma"] or found["other"]]
    ends = [*(found.start() for found in starts), len(code)]
    if code[: ends[0]].strip():
        return None
    haves: list[str] = []
    opened: list[str] = []
    for found, end in zip(starts, ends[1:], strict=True):
        if found["lemma"]:
            haves.append("have " + indent(code[found.start("lemma") : end].rstrip(), 2))
        elif opens := _OPEN.fullmatch(code, found.start(), end):
            opened.append(f"open {' '.join(opens[1].split())} in")
        elif not _LIMIT.fullmatch(code, found.start(), end):
            return None
    return "\n".join([*opened, *haves, tactics]) if len(opened) <= _MOST_OPEN else None
