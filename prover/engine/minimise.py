"""Makes a proof that was found into one that a person would write: nothing in it that is not needed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prover.lean.pool import LeanPool
from search.interfaces import Progress, State

MOST_TRIES = 30
LEAST_HEARTBEATS = 500
MOST_HEARTBEATS = 15_000
"""How much may be tried on a proof: shorter ones that are run, each with twice the heartbeats of the
proof that was found, or these, and the heartbeats of all of them."""

RULES = re.compile(r"(?P<before>\b(?:simp_all|simp|grind)) \[(?P<rules>[^\[\]]+)\]")
FIRST = re.compile(r"\bfirst(?P<alternatives>(?:\s*\|(?:\([^()]*\)|[^|()⟨⟩\n])+)+)")
DONE = re.compile(r"\((?P<tactic>[^();]+); done\)")


async def minimised(pool: LeanPool, root: State, script: str) -> str:
    """A script that closes the same goals and says less, as far as a few tries find one."""
    found = await pool.run(root, script)
    each = max(2 * found.cost.heartbeats, LEAST_HEARTBEATS)
    tries, heartbeats = 0, 0
    tried = {script}
    shorter = True
    while shorter:
        shorter = False
        for candidate in _shorter(script):
            if candidate in tried:
                continue
            if tries >= MOST_TRIES or heartbeats >= MOST_HEARTBEATS:
                return script
            tried.add(candidate)
            tries += 1
            outcome = await pool.run(root, candidate, heartbeats=each)
            heartbeats += outcome.cost.heartbeats
            if isinstance(outcome, Progress):
                pool.release(outcome.children)
                if not outcome.children:
                    script, shorter = candidate, True
                    break
    return script


def _shorter(script: str) -> Iterator[str]:
    """Scripts that say less: one alternative of several, fewer lines, fewer rules. Of many rules,
    halves are left out before quarters, and so on (delta debugging: Zeller and Hildebrandt,
    "Simplifying and Isolating Failure-Inducing Input", 2002)."""
    for match in FIRST.finditer(script):
        for alternative in match["alternatives"].split("|")[1:]:
            plain = DONE.fullmatch(alternative.strip())
            text = plain["tactic"] if plain else alternative.strip()
            yield script[: match.start()] + text + script[match.end() :]
    lines = script.split("\n")
    for place, line in enumerate(lines):
        if len(lines) > 1 and not line.lstrip().startswith(("·", "|")) and line.strip():
            yield "\n".join([*lines[:place], *lines[place + 1 :]])
    for match in RULES.finditer(script):
        rules = match["rules"].split(", ")
        yield script[: match.start()] + match["before"] + script[match.end() :]
        size = len(rules) // 2
        while size:
            for first in range(0, len(rules), size):
                kept = ", ".join([*rules[:first], *rules[first + size :]])
                yield f"{script[: match.start()]}{match['before']} [{kept}]{script[match.end() :]}"
            size //= 2
