"""Kimina's own client against the resident engine."""

import asyncio
import typing
from typing import Any

import pytest
import typing_extensions

from tests.serve.resident import Resident

with pytest.MonkeyPatch.context() as patch:  # of kimina-client 0.2.1, pydantic wants it before 3.12
    patch.setattr(typing, "TypedDict", typing_extensions.TypedDict)
    from kimina_client import AsyncKiminaClient, KiminaClient
    from kimina_client.models import (
        CheckResponse,
        Code,
        SnippetStatus,
        VerifyRequestBody,
        VerifyResponse,
    )

GOOD = "theorem t (a b : Nat) : a + b = b + a := Nat.add_comm a b"
BOGUS = {
    "a sorry by a macro": 'macro "done!" : term => `(sorryAx _ true)\ntheorem t : 1 = 2 := done!',
    "a sorry by its axiom": "theorem t : 1 = 2 := sorryAx _ false",
    "native_decide": "theorem t : 10 ^ 3 = 1000 := by native_decide",
    "an axiom of its own": "axiom cheat : False\ntheorem t : 1 = 2 := cheat.elim",
}
"""Proofs with no error and no literal `sorry`."""


@pytest.fixture
def kimina(engine: Resident) -> KiminaClient:
    endpoint = engine.endpoint
    url = f"http://127.0.0.1:{endpoint.port}"
    return KiminaClient(api_url=url, api_key=endpoint.token, n_retries=1)


def test_the_client_works_as_it_is(kimina: KiminaClient) -> None:
    wrong = "theorem t : 1 = 2 := rfl"
    codes = [
        GOOD,
        wrong,
        "theorem t : 1 = 1 := by\n  sorry",
        "#check Nat",
        "import Mathlib\n" + GOOD,
    ]
    found = kimina.check(codes, timeout=60, batch_size=8, max_workers=1, show_progress=False)
    good, bad, left, shown, missing = [result.analyze().status for result in found.results]
    assert good == shown == SnippetStatus.valid
    assert bad == missing == SnippetStatus.lean_error
    assert left == SnippetStatus.sorry
    response: Any = found.results[2].response
    (sorry,) = response["sorries"]
    assert sorry["pos"] == {"line": 2, "column": 2}
    assert sorry["goal"] == "⊢ 1 = 1"
    assert kimina.health() == {"status": "ok"}

    async def own_test() -> None:
        other = AsyncKiminaClient(api_url=kimina.api_url, api_key=kimina.api_key, n_retries=1)
        await other.test()
        await other.session.aclose()

    asyncio.run(own_test())


def test_what_kimina_calls_valid_is_no_verdict(kimina: KiminaClient) -> None:
    snippets = [{"id": name, "code": code} for name, code in {"good": GOOD, **BOGUS}.items()]
    asked = {"snippets": snippets, "timeout": 60, "debug": False, "reuse": True}
    answer = kimina._query(kimina.build_url("/api/check"), asked)
    verdicts = {one["id"]: one["verdict"] for one in answer["results"]}
    statuses = {
        result.id: result.analyze().status
        for result in CheckResponse.model_validate(answer).results
    }
    assert verdicts["good"]["accepted"]
    for name in BOGUS:
        assert statuses[name] == SnippetStatus.valid, name
        assert not verdicts[name]["accepted"], name
    reasons = {name: verdicts[name]["declarations"][-1]["reason"] for name in BOGUS}
    assert "cheat" in reasons["an axiom of its own"]
    assert "ofReduceBool" in reasons["native_decide"]


def test_the_older_interface(kimina: KiminaClient) -> None:
    body = VerifyRequestBody(
        codes=[
            Code(custom_id=7, proof=GOOD, code=None),
            Code(custom_id="x", proof=None, code=BOGUS["an axiom of its own"]),
        ]
    )
    answer = kimina._query(kimina.build_url("/verify"), body.model_dump())
    read = VerifyResponse.model_validate(
        {"results": [{**one, "custom_id": str(one["custom_id"])} for one in answer["results"]]}
    )
    assert [one["custom_id"] for one in answer["results"]] == [7, "x"]
    responses: list[Any] = [one["response"] for one in read.results]
    assert all(response["time"] > 0 for response in responses)
    assert [one["verdict"]["accepted"] for one in answer["results"]] == [True, False]


def test_a_snippet_that_does_not_end_is_timed_out(kimina: KiminaClient) -> None:
    slow = "set_option maxHeartbeats 0\nset_option maxRecDepth 100000\n"
    slow += "theorem t : (List.range 3000).foldl (· + ·) 0 = 1 := by decide"
    (result,) = kimina.check([slow], timeout=1, show_progress=False).results
    if result.error is not None:
        assert result.analyze().status == SnippetStatus.timeout_error
    found = kimina.check([GOOD], timeout=60, show_progress=False)
    assert found.results[0].analyze().status == SnippetStatus.valid
