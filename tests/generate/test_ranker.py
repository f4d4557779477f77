"""What a ranker sees of goals and tactics, and how it orders them."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from prover.errors import WrongUse
from prover.generate.features import Scene, coarse, priors
from prover.generate.portfolio import Portfolio, suggestions
from prover.generate.ranker import BITS, Linear, Ranked, Ranker, encoded
from prover.generate.shipped import RANKER_FOLDER, rated
from search.context import Context, Function, Signature
from search.interfaces import Goal, Hypothesis, Request, State, Suggestion


def scene(function: str, variable: str) -> Scene:
    goal = Goal(
        f"{variable} : Nat\nh : 0 < {variable}\n⊢ {function} {variable} = 0",
        f"{function} {variable} = 0",
        (
            Hypothesis(variable, "Nat", head="Nat"),
            Hypothesis("h", f"0 < {variable}", is_prop=True),
        ),
        own=(function,),
        around=(function,),
        constants=("Nat", "Eq", "LT.lt", function),
    )
    signature = Signature(function, function, "Nat → Nat", (), "Nat")
    return Scene.of(goal, Context({function: Function(signature, ())}))


def of(tactic: str, source: str = "") -> Suggestion:
    return Suggestion(tactic, -1.0, source=source)


def test_names_of_one_file_are_not_seen() -> None:
    one, other = scene("double", "n"), scene("weigh.up", "k'")
    assert one.features == other.features
    for tactic in (
        "simp_all [{f}]",
        "induction {x} <;> simp_all [{f}]",
        "rename_i a b\nrw [{f}] at h",
        "have h1 := h 7",
    ):
        left = one.shape(of(tactic.format(f="double", x="n")))
        assert left == other.shape(of(tactic.format(f="weigh.up", x="k'"))), tactic
        assert "double" not in left and "rename_i" not in left


def test_what_a_tactic_is_made_of_is_seen() -> None:
    one = scene("double", "n")
    assert one.shape(of("induction n")) != one.shape(of("induction h"))
    assert one.shape(of("simp [Nat.pow_succ]")) == "simp [ Nat.pow_succ ]"
    assert one.shape(of("simp [Nat.pow_succ, Nat.add_comm, Nat.mul_comm]", "theorems")) == (
        "simp [ L+ ]"
    )
    assert one.shape(of("have h0 := h 0\nhave h1 := h 9")) == "have x : = H< 0 have x : = H< N"
    assert coarse("induction VNat <;> simp_all [ F+ ]") == "induction simp_all"


def test_alike_tactics_are_told_apart_by_what_their_source_thinks() -> None:
    tactics = [
        Suggestion("cases n", -3.0, source="inductions"),
        Suggestion("cases m", -0.5, source="inductions", prior=-4.0),
        Suggestion("cases k", -2.0, source="inductions"),
    ]
    found = priors(tactics, ["cases V"] * 3)
    assert [words[2] for words in found] == ["again 1", "again 2", "again 0"]
    assert found[1][1] == "at inductions 8"


def test_a_scene_is_the_same_from_the_log() -> None:
    one = scene("double", "n")
    assert Scene.from_json(one.to_json()) == one
    with pytest.raises(KeyError):
        Scene.from_json({"goal": {}})


def test_features_have_places_and_pairs_of_their_own() -> None:
    one = scene("double", "n")
    first, second = encoded(one, [of("omega"), of("simp_all")])
    assert len(first) == len(second) and all(0 <= p < 2**BITS for p in first)
    shared = set(first) & set(second)
    assert len(shared) < len(first) / 2  # the goal's own, and the source


def test_a_ranker_orders_by_what_it_has_learned_and_is_read_as_it_was_written(
    tmp_path: Path,
) -> None:
    one = scene("double", "n")
    omega, simp = encoded(one, [of("omega"), of("simp")])
    helps, costs = (array("b", bytes(2**BITS)) for _ in range(2))
    for place in set(simp) - set(omega):
        helps[place] = 10
    for place in set(omega) - set(simp):
        costs[place] = 100
    about = {
        "format": 1,
        "helps": {"bias": -1.0, "scale": 0.01},
        "costs": {"bias": 0.0, "scale": 0.1},
    }
    Ranker(Linear(-1.0, 0.01, helps), Linear(0.0, 0.1, costs), about).save(tmp_path / "r")
    ranker = Ranker.load(tmp_path / "r")
    request = Request(State("k", (one.goal,)))
    given = [Suggestion("omega", -0.5, leaves=0), of("simp"), Suggestion("\0", -1.0)]
    found = ranker.ranked(request, given)
    assert {s.tactic for s in found} == {"omega", "simp", "\0"} and found[-1].tactic == "\0"
    assert all(s.logprob < 0 for s in found)
    by_name = {s.tactic: s for s in found}
    assert by_name["omega"].leaves == 0 and by_name["omega"].prior == -0.5
    thrifty = {s.tactic: s for s in ranker.ranked(request, given, thrift=1.0)}
    assert thrifty["omega"].logprob < by_name["omega"].logprob - 1

    (tmp_path / "r" / "ranker.bin").write_bytes(b"short")
    with pytest.raises(WrongUse, match="has 5 bytes"):
        Ranker.load(tmp_path / "r")
    with pytest.raises(WrongUse, match="prover train ranker"):
        Ranker.load(tmp_path)


def test_what_it_has_not_learned_of_keeps_its_place() -> None:
    one = scene("double", "n")
    helps, costs = (array("b", bytes(2**BITS)) for _ in range(2))
    for tactic, weight in (("omega", 20), ("simp", 40), ("rfl", -40)):
        (places,) = encoded(one, [of(tactic)])
        helps[places[0]] = weight
    ranker = Ranker(Linear(-3.0, 0.1, helps), Linear(0.0, 0.1, costs), {})
    given = [
        Suggestion(tactic, -0.1 * place) for place, tactic in enumerate(("rfl", "new", "omega"))
    ]
    found = ranker.ranked(Request(State("k", (one.goal,))), [*given, Suggestion("simp", -0.9)])
    assert [s.tactic for s in found] == ["simp", "new", "omega", "rfl"]
    assert found[1].logprob == found[2].logprob


def test_the_shipped_order_has_all_that_the_portfolio_suggests() -> None:
    one = scene("double", "n")
    request = Request(State("k", (one.goal,)))

    async def suggested() -> list[Suggestion]:
        return [s async for _, s in rated(Portfolio(), "all").generate([request])]

    found = asyncio.run(suggested())
    plain = suggestions(one.goal)
    assert sorted(s.tactic for s in found) == sorted(s.tactic for s in plain)
    assert [s.logprob for s in found] == sorted((s.logprob for s in found), reverse=True)
    assert all(s.prior is not None for s in found)
    assert sum(f.stat().st_size for f in RANKER_FOLDER.iterdir()) < 2_000_000


def test_a_model_is_asked_where_all_else_is_weak() -> None:
    class Model:
        asked: tuple[str, ...] = ()

        async def generate(
            self, requests: Sequence[Request]
        ) -> AsyncIterator[tuple[int, Suggestion]]:
            self.asked = tuple(request.state.key for request in requests)
            for index in range(len(requests)):
                yield index, Suggestion("magic", -1.0, 3)
                yield index, Suggestion("", 0.0, 4)

    other = scene("double", "n")
    sure = Goal("⊢ 1 = 1", "1 = 1", constants=("Eq", "Nat"))
    ranker, model = Ranker.load(RANKER_FOLDER), Model()
    requests = [Request(State("sure", (sure,))), Request(State("other", (other.goal,)))]
    best = [ranker.ranked(r, suggestions(r.state.goals[0]))[0].logprob for r in requests]
    assert best[0] > best[1]

    async def asked(weak: float) -> list[tuple[int, Suggestion]]:
        mixed = Ranked(Portfolio(), ranker, model=model, weak=weak)
        return [arrival async for arrival in mixed.generate(requests)]

    plain = asyncio.run(asked(best[1]))
    assert model.asked == () and not any(s.tactic == "magic" for _, s in plain)
    found = asyncio.run(asked(sum(best) / 2))
    assert model.asked == ("other",) and found[: len(plain)] == plain
    (magic,) = (s for _, s in found[len(plain) :] if s.tactic == "magic")
    assert magic.prior == -1.0 and magic.tokens == 3, "the ranker rates it too"
    assert found[-1] == (1, Suggestion("", 0.0, 4))
    asyncio.run(asked(0.0))
    assert model.asked == ("sure", "other")
