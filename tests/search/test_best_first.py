import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.best_first import BestFirst, rank
from search.budget import Budget, Spent
from search.graph import LOWEST_LOGPROB, Status
from search.interfaces import (
    LONGEST_TACTIC,
    MALFORMED,
    UNFINISHED,
    Cost,
    Failure,
    Goal,
    Progress,
    State,
    Suggestion,
)
from tests.search.search_world import (
    Rule,
    World,
    WorldEnvironment,
    WorldGenerator,
    script_proves,
    worlds,
)

Tactics = dict[str, tuple[float, list[str] | None]]


def state(name: str) -> State:
    return State(name, (Goal(f"⊢ {name}", name),))


def drive(search: BestFirst, world: dict[str, Tactics], *, check: bool = True) -> list[str]:
    """Drives a search through a table: goal -> tactic -> (log-probability, new goals or failure).
    Returns what was committed, in order."""
    trace = []
    while expansion := search.next_expansion():
        goal = expansion.goal
        table = world.get(goal.state.key, {})
        if expansion.request is not None:
            search.add_suggestions(goal, [Suggestion(t, p, 10) for t, (p, _) in table.items()])
        for suggestion in search.tactics(goal):
            children = table[suggestion.tactic][1]
            trace.append(f"{goal.state.key}:{suggestion.tactic}")
            over = search.commit(
                goal,
                suggestion,
                Failure("tactic", "no", Cost(7))
                if children is None
                else Progress(
                    suggestion.tactic,
                    tuple(map(state, children)),
                    tuple(range(len(children))),
                    Cost(7),
                ),
            )
            if check:
                search.graph.check()
            if over:
                break
    return trace


@settings(max_examples=200, deadline=None)
@given(
    worlds(),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([None, lambda state: -float(len(state.goals))]),
)
def test_an_unlimited_search_finds_a_proof_iff_there_is_one(
    world: World, width: int, alpha: float, value: Callable[[State], float] | None
) -> None:
    environment = WorldEnvironment(world)
    search = BestFirst(environment.start((0,)), width=width, alpha=alpha, value=value)
    while expansion := search.next_expansion():
        goal = expansion.goal
        if expansion.request is not None:
            search.add_suggestions(goal, world.suggestions(goal.state))
        for suggestion in search.tactics(goal):
            outcome = world.outcome(
                goal.state, suggestion.tactic, environment._handle, brief=not suggestion.again
            )
            over = search.commit(goal, suggestion, outcome)
            search.graph.check()
            environment.release(search.take_unneeded())
            if over:
                break
    environment.release(search.take_all())
    assert not environment.live
    result = search.result()
    assert result.status == ("proved" if world.provable((0,)) else "exhausted")
    assert (result.status == "exhausted") == (search.graph.root.status is Status.FAILED)
    if result.proof is not None:
        proof = search.graph.proof()
        assert proof is not None
        assert world.replays(proof)
        assert script_proves(world, (0,), result.proof)


def test_likely_tactics_are_tried_everywhere_before_unlikely_ones_anywhere() -> None:
    search = BestFirst(state("root"), width=1)
    trace = drive(
        search,
        {
            "root": {"go": (-0.1, ["a"]), "other": (-0.5, ["b"]), "bad": (-9.0, ["c"])},
            "a": {"x": (-0.1, None), "y": (-5.0, None)},
            "b": {"x": (-1.0, None)},
        },
    )
    # goals are first visited by their own priority, then by that of their next suggestion
    assert trace == ["root:go", "a:x", "root:other", "b:x", "a:y", "root:bad"]


def test_what_a_brief_try_does_not_finish_is_tried_again_as_less_likely() -> None:
    search = BestFirst(state("root"), width=2)
    expansion = search.next_expansion()
    assert expansion is not None
    goal = expansion.goal
    search.add_suggestions(goal, [Suggestion(f"t{n}", -float(n)) for n in range(4)])
    tried = []
    while True:
        for suggestion in search.tactics(goal):
            tried.append((suggestion.tactic, suggestion.again))
            kind = UNFINISHED if suggestion.tactic == "t0" else "tactic"
            search.commit(goal, suggestion, Failure(kind, "no", Cost(5)))
        if search.next_expansion() is None:
            break
    # "t0" comes again as if it had been -1.0, behind what its visit had begun with
    assert tried == [("t0", False), ("t1", False), ("t0", True), ("t2", False), ("t3", False)]
    assert [commit.suggestion.tactic for commit in search.commits] == ["t1", "t0", "t2", "t3"]
    assert search.failures == {"tactic": 3, UNFINISHED: 1}
    assert (search.spent.tactics, search.spent.heartbeats) == (5, 25)
    assert search.result().status == "exhausted"


def test_a_suggestion_that_comes_again_is_that_of_the_second_try() -> None:
    tried = Suggestion("simp", -2.5, 1, again=True)
    assert rank([tried, Suggestion("simp", -1.0, 2)]) == [Suggestion("simp", -2.5, 3, again=True)]


def test_suggestions_are_merged_and_ranked() -> None:
    ranked = rank(
        [
            Suggestion("simp", -2.0, 3),
            Suggestion(" simp\n", -1.0, 4),
            Suggestion("b", 0.5, 1),
            Suggestion("a", 0.0, 1),
            Suggestion("  ", -0.1, 1),
        ]
    )
    assert ranked == [
        Suggestion("a", 0.0, 1),
        Suggestion("b", 0.0, 1),
        Suggestion("simp", -1.0, 7),
    ]


def test_a_better_path_moves_a_goal_forward_in_the_queue() -> None:
    search = BestFirst(state("root"), width=1)
    trace = drive(
        search,
        {
            "root": {"near": (-0.1, ["hub"]), "slow": (-3.0, ["x"]), "side": (-4.0, ["y"])},
            "hub": {"z": (-4.5, ["y", "w"]), "h": (-0.1, ["x2"]), "q": (-4.0, ["target"])},
            "x2": {"to y": (-0.2, ["y"])},
            "x": {"fail": (0.0, None)},
            "y": {"close": (0.0, [])},
        },
    )
    # y is met at -0.4 through x2 before root's own -4.0 way to it is even tried
    assert "root:side" not in trace
    assert trace[-1] == "y:close"
    met = search.graph.find(state("y"))
    assert met is not None and met.logprob == pytest.approx(-0.4)


@pytest.mark.parametrize("expansions", [0, 1, 2, 5])
def test_the_budget_of_expansions_is_exact(expansions: int) -> None:
    chain: dict[str, Tactics] = {f"g{i}": {"t": (-1.0, [f"g{i + 1}"])} for i in range(50)}
    search = BestFirst(state("g0"), budget=Budget(expansions=expansions))
    drive(search, chain)
    result = search.result()
    assert (result.status, result.reason) == ("budget", "expansions")
    assert result.spent == Spent(expansions, expansions, 10 * expansions, 7 * expansions)
    assert [goal.state.key for goal in result.open_goals] == [f"g{expansions}"]


def test_heartbeats_end_a_visit_after_the_tactic_that_reached_the_limit() -> None:
    search = BestFirst(state("root"), budget=Budget(heartbeats=15))
    drive(search, {"root": {f"t{i}": (-1.0, None) for i in range(6)}})
    result = search.result()
    assert (result.status, result.reason, result.spent.tactics) == ("budget", "heartbeats", 3)


def test_tokens_that_are_paid_for_are_used() -> None:
    search = BestFirst(state("root"), budget=Budget(tokens=10))
    drive(search, {"root": {"a": (-1.0, ["a"]), "b": (-2.0, ["b"])}})
    result = search.result()
    assert (result.status, result.reason) == ("budget", "tokens")
    assert (result.spent.tokens, result.spent.tactics) == (20, 2)


def test_a_proof_within_the_last_expansion_counts() -> None:
    search = BestFirst(state("root"), budget=Budget(expansions=1))
    drive(search, {"root": {"close": (-1.0, [])}})
    assert search.result().proof == "close"


def test_deep_goals_are_left_alone() -> None:
    chain: dict[str, Tactics] = {f"g{i}": {"t": (-1.0, [f"g{i + 1}"])} for i in range(50)}
    search = BestFirst(state("g0"), max_depth=3)
    assert len(drive(search, chain)) == 3
    assert (search.result().status, search.result().reason) == ("exhausted", "max_depth")


def test_a_visit_ends_when_its_goal_is_of_no_use_any_more() -> None:
    search = BestFirst(state("root"))
    trace = drive(
        search,
        {
            "root": {"split": (-0.1, ["a", "b"])},
            "a": {"close": (-0.1, []), "unused": (-0.2, None)},
            "b": {"no": (-0.3, None)},
        },
    )
    assert trace == ["root:split", "a:close", "b:no"]
    assert search.result().status == "exhausted"


def test_goals_become_relevant_again_through_a_new_step() -> None:
    search = BestFirst(state("root"), width=1)
    trace = drive(
        search,
        {
            "root": {"dead": (-0.1, ["dies", "lemma"]), "alive": (-6.0, ["lemma"])},
            "dies": {"no": (0.0, None)},
            "lemma": {"close": (-5.0, [])},
        },
    )
    assert trace == ["root:dead", "dies:no", "root:alive", "lemma:close"]


def test_a_rejected_proof_is_withdrawn_and_the_search_goes_on() -> None:
    table: dict[str, Tactics] = {
        "root": {"wrong": (-0.1, []), "right": (-1.0, ["a"])},
        "a": {"close": (-1.0, [])},
    }
    search = BestFirst(state("root"))
    drive(search, table)
    assert search.result().proof == "wrong"
    search.reject_proof()
    search.graph.check()
    assert search.result().status == "open"
    drive(search, table)
    assert search.result().proof == "right\nclose"
    search.reject_proof()
    drive(search, table)
    assert search.result().status == "exhausted"
    with pytest.raises(ValueError, match="no proof"):
        search.reject_proof()


def test_failures_are_counted_and_kept() -> None:
    search = BestFirst(state("root"), width=100)
    drive(search, {"root": {f"t{i:02}": (-1.0, None) for i in range(20)}})
    assert search.result().failures == {"tactic": 20}
    failed = search.graph.root.failed
    assert [*failed] == [f"t{i:02}" for i in range(20)]
    told = {(one.logprob, one.failure.kind, one.expansion) for one in failed.values()}
    assert told == {(-1.0, "tactic", 1)}


@pytest.mark.parametrize(
    "flawed",
    [
        Suggestion("exact \ud800", -1.0, 3),
        Suggestion("exact \0", -1.0, 3),
        Suggestion("x" * (LONGEST_TACTIC + 1), -1.0, 3),
        Suggestion(" \n", -1.0, 3),
        Suggestion(None, -1.0, 3),  # type: ignore[arg-type]
        Suggestion("simp", math.nan, 3),
        Suggestion("simp", math.inf, 3),
        Suggestion("simp", None, 3),  # type: ignore[arg-type]
        Suggestion("simp", "-1.0", 3),  # type: ignore[arg-type]
        Suggestion("", math.nan, 3),
    ],
    ids=repr,
)
def test_what_cannot_be_run_is_a_failure_and_the_others_are_run(flawed: Suggestion) -> None:
    search = BestFirst(state("root"))
    expansion = search.next_expansion()
    assert expansion is not None
    search.add_suggestions(expansion.goal, [flawed, Suggestion("simp", -1.0, 2), flawed])
    assert search.tactics(expansion.goal) == (Suggestion("simp", -1.0, 2),)
    assert search.result().failures == {MALFORMED: 2}
    assert search.spent.tokens == 8
    (simp,) = search.tactics(expansion.goal)
    search.commit(expansion.goal, simp, Progress("simp", (), ()))
    assert search.result().status == "proved"


def test_a_goal_with_nothing_but_flawed_suggestions_is_tried() -> None:
    search = BestFirst(state("root"))
    expansion = search.next_expansion()
    assert expansion is not None
    search.add_suggestions(expansion.goal, [Suggestion("simp", math.nan)])
    assert search.next_expansion() is None
    assert (search.result().status, search.result().failures) == ("exhausted", {MALFORMED: 1})


@pytest.mark.parametrize("logprob", [-math.inf, -1e300, 0.5, 1e300])
def test_scores_beyond_the_possible_are_clipped(logprob: float) -> None:
    (suggestion,) = rank([Suggestion("x" * LONGEST_TACTIC, logprob)])
    assert LOWEST_LOGPROB <= suggestion.logprob <= 0


def test_a_suggestion_without_text_only_brings_tokens() -> None:
    search = BestFirst(state("root"))
    expansion = search.next_expansion()
    assert expansion is not None
    search.add_suggestions(expansion.goal, [Suggestion("", 0.0, 9)])
    assert (search.spent.tokens, search.result().failures) == (9, {})


def test_requests_carry_the_way_to_the_goal_and_a_seed_of_their_own() -> None:
    def requests(seed: int) -> list[tuple[tuple[str, ...], int]]:
        search = BestFirst(state("g0"), seed=seed)
        seen = []
        for i in range(3):
            expansion = search.next_expansion()
            assert expansion is not None
            assert expansion.request is not None
            seen.append((expansion.request.history, expansion.request.seed))
            search.add_suggestions(expansion.goal, [Suggestion(f"t{i}", -1.0)])
            (suggestion,) = search.tactics(expansion.goal)
            search.commit(expansion.goal, suggestion, Progress("t", (state(f"g{i + 1}"),), (0,)))
        return seen

    assert [history for history, _ in requests(1)] == [(), ("t",), ("t", "t")]
    assert requests(1) == requests(1)
    assert {s for _, s in requests(1)}.isdisjoint(s for _, s in requests(2))


def test_commits_out_of_order_are_refused() -> None:
    search = BestFirst(state("root"))
    expansion = search.next_expansion()
    assert expansion is not None
    with pytest.raises(ValueError, match="waits for its suggestions"):
        search.next_expansion()
    search.add_suggestions(expansion.goal, [Suggestion("a", -1.0), Suggestion("b", -2.0)])
    _, second = search.tactics(expansion.goal)
    with pytest.raises(ValueError, match="not the next"):
        search.commit(expansion.goal, second, Failure("tactic", ""))


def test_an_inconsistent_environment_is_reported() -> None:
    search = BestFirst(state("root"))
    expansion = search.next_expansion()
    assert expansion is not None
    search.add_suggestions(expansion.goal, [Suggestion("a", -1.0)])
    (suggestion,) = search.tactics(expansion.goal)
    with pytest.raises(ValueError, match="inconsistently"):
        search.commit(expansion.goal, suggestion, Progress("a", (state("b"),), (0, 1)))


def test_results_are_valid_at_any_moment() -> None:
    search = BestFirst(state("root"))
    assert search.result().status == "open"
    assert search.result("interrupted").proof is None
    search.next_expansion()
    assert [goal.state.key for goal in search.result().open_goals] == ["root"]


def test_the_world_of_these_tests_can_be_unprovable() -> None:
    loop = World((0,), ((Rule((0,), text="t"),),))
    assert not loop.provable((0,))
    assert World((0,), ((Rule((), text="t"),),)).provable((0,))
    assert WorldGenerator(loop).batches == []
