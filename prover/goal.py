"""The proof of one goal of a text, from the resident engine: what `prover?` of lean_project/Prover.lean
asks for."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any, ClassVar

from prover.errors import NOT_PROVED, ProverError, WrongUse
from prover.serve.client import Client

QUESTION = re.compile(r"(?<!\w)prover\?(?:[ \t]+\d+)?")


class NoProof(ProverError):
    """The search ended without a proof. The message says why, and what is left."""

    exit_code: ClassVar[int] = NOT_PROVED


async def script_at(where: Mapping[str, Any], text: str, at: int, seconds: float) -> str:
    """The tactics for the hole, a `sorry` or a `prover?`, that begins at a byte offset of a text. What
    else of the text asks `prover?` is left open.

    Raises:
        WrongUse: nothing begins there.
        NoProof: no proof was found.
        ServeError: the text does not elaborate, or there is no engine.
    """
    asked = QUESTION.sub(lambda found: "sorry".ljust(len(found[0])), text)
    before, after = asked.encode()[:at].decode(errors="replace"), asked.encode()[at:]
    if not after.startswith(b"sorry"):
        raise WrongUse(f"neither `sorry` nor `prover?` begins at byte {at}")
    options = {"seconds": seconds, "discover": False}
    body = {"where": where, "text": asked, "at": at, "options": options}
    async with Client() as engine:
        answer = await engine.call("prove", body)
    script = new_script(before, after[len("sorry") :].decode(), answer["text"])
    if re.search(r"\bsorry\b", script):
        verdict = answer["verdicts"][0]
        goals = ["best goals left:", *verdict["open_goals"][:1]] if verdict["open_goals"] else []
        raise NoProof("\n".join(["no proof was found: " + verdict["reason"], *goals]))
    return script


def new_script(before: str, after: str, filled: str) -> str:
    """What was put between two parts of a text, or of the first part's end, as lines of one block."""
    found = filled.removesuffix(after)
    pairs = enumerate(zip(before, found, strict=False))
    same = next((place for place, (old, new) in pairs if old != new), len(before))
    column = same - (found.rfind("\n", 0, same) + 1)
    return textwrap.dedent(" " * column + found[same:]).strip()
