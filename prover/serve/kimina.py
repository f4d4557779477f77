"""The interface of Kimina Lean Server (project-numina/kimina-lean-server), so that its clients work here.

What it calls valid is no more than "no error, and no literal `sorry`". Each result has a further
field `verdict`, which is ours: `accepted`, and the verdicts on the declarations.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from prover.engine.checking import Checker, StatementError
from prover.errors import WrongUse
from prover.lean.states import Elaborated
from prover.serve.methods import Call, Json, Method
from prover.serve.schema import Lenient
from prover.verify.verdict import Verdict

TOGETHER = 4
"""How many snippets of one request are worked on at a time."""


@dataclass(frozen=True, slots=True)
class Snippet(Lenient):
    id: str
    code: str


@dataclass(frozen=True, slots=True)
class CheckRequest(Lenient):
    """The body of `POST /api/check`."""

    snippets: tuple[Snippet, ...]
    timeout: int = 30
    infotree: str | None = None


@dataclass(frozen=True, slots=True)
class Code(Lenient):
    custom_id: str | int
    proof: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class VerifyRequest(Lenient):
    """The body of `POST /verify`."""

    codes: tuple[Code, ...]
    timeout: int = 300
    infotree_type: str | None = None


async def check(call: Call, asked: CheckRequest) -> Json:
    if len({one.id for one in asked.snippets}) != len(asked.snippets) or not asked.snippets:
        raise WrongUse("snippets must have at least one, with ids of their own")
    codes = [one.code for one in asked.snippets]
    found = await _results(call, codes, asked.timeout, asked.infotree)
    return {"results": [{"id": s.id, **r} for s, r in zip(asked.snippets, found, strict=True)]}


async def verify(call: Call, asked: VerifyRequest) -> Json:
    codes = [one.code if one.proof is None else one.proof for one in asked.codes]
    if None in codes:
        raise WrongUse("codes: each needs a proof or a code")
    found = await _results(call, [c or "" for c in codes], asked.timeout, asked.infotree_type)
    results = []
    for one, result in zip(asked.codes, found, strict=True):
        seconds = result.pop("time")
        if result["response"] is not None:
            result["response"]["time"] = seconds
        results.append({"custom_id": one.custom_id, **result})
    return {"results": results}


METHODS = {
    "kimina/check": Method(CheckRequest, check, None),
    "kimina/verify": Method(VerifyRequest, verify, None),
}


async def _results(
    call: Call, codes: list[str], seconds: float, infotree: str | None
) -> list[Json]:
    if infotree is not None:
        raise WrongUse("infotree: this server gives none")
    places = asyncio.Semaphore(TOGETHER)

    async def one(code: str) -> Json:
        async with places, call.turn():
            return await _result(call, code, seconds)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(code)) for code in codes]
    return [task.result() for task in tasks]


async def _result(call: Call, code: str, seconds: float) -> Json:
    begin = time.monotonic()
    result: Json = {"error": None, "response": None}
    verdict: Json = {"accepted": False, "declarations": []}
    try:
        async with call.engine(call.home) as lease, asyncio.timeout(seconds):
            given, verdicts = await Checker(lease.engine).read_text(code)
        result["response"] = _response(given)
        verdict = _verdict(given, verdicts)
    except TimeoutError:
        result["error"] = f"Lean REPL command timed out in {seconds:g} seconds"
    except StatementError as error:
        if error.kind in ("timeout", "memory", "recursion", "crash"):
            result["error"] = error.message
        else:
            place = {"pos": {"line": 1, "column": 0}, "endPos": None}
            messages = [{"severity": "error", **place, "data": error.message}]
            result["response"] = {"env": 0, "messages": messages}
    return {**result, "time": time.monotonic() - begin, "verdict": verdict}


def _response(given: Elaborated) -> Json:
    messages = [
        {
            "severity": m.severity,
            "pos": {"line": m.line, "column": m.column},
            "endPos": None if m.end is None else {"line": m.end[0], "column": m.end[1]},
            "data": m.text,
        }
        for m in given.messages
    ]
    sorries = [
        {"pos": _place(given, h.first), "endPos": _place(given, h.last), "goal": h.state.pp}
        for h in given.holes
    ]
    response: Json = {"env": 0}
    if messages:
        response["messages"] = messages
    if sorries:
        response["sorries"] = sorries
    return response


def _place(given: Elaborated, at: int) -> Json:
    before = given.text.encode()[:at].decode()
    return {"line": before.count("\n") + 1, "column": len(before) - before.rfind("\n") - 1}


def _verdict(given: Elaborated, verdicts: list[Verdict]) -> Json:
    proved = bool(verdicts) and all(verdict.proved for verdict in verdicts)
    return {
        "accepted": proved and not given.errors,
        "declarations": [verdict.to_json() for verdict in verdicts],
    }
