from hypothesis import given, settings

from search.graph import Graph
from search.interfaces import Goal, Progress, State
from search.proof import layout, script
from tests.search.search_world import Rule, World, WorldEnvironment, script_proves, worlds


def world(*rules: tuple[tuple[int, ...], tuple[int, ...]], colours: tuple[int, ...] = ()) -> World:
    """Goal i has the one tactic `t<i>`, with these new goals and these solved ones."""
    return World(
        colours or (0,) * len(rules),
        tuple(
            (Rule(new, frozenset(solves), -1.0, f"t{i}"),) for i, (new, solves) in enumerate(rules)
        ),
    )


def written(world: World, root: tuple[int, ...] = (0,)) -> str:
    """The script of the proof that takes the only tactic of every goal."""
    graph = Graph(world.state(root))
    for goal in graph.goals:  # grows
        first = int(goal.state.goals[0].target)
        for rule in world.rules[first]:
            outcome = world.outcome(goal.state, rule.text)
            assert isinstance(outcome, Progress)
            graph.add_step(
                goal,
                rule.text,
                rule.logprob,
                outcome.children,
                outcome.goal_order,
                outcome.kept,
            )
    proof = graph.proof()
    assert proof is not None
    assert world.replays(proof)
    text = script(proof)
    assert script_proves(world, root, text)
    return text


def test_single_goals_follow_each_other_plainly() -> None:
    assert written(world(((1,), ()), ((2,), ()), ((), ()))) == "t0\nt1\nt2"


def test_independent_goals_are_bulleted() -> None:
    split = world(((1, 2), ()), ((3, 3), ()), ((), ()), ((), ()))
    assert written(split) == "t0\n· t1\n  · t3\n  · t3\n· t2"


def test_coupled_goals_are_worked_on_in_place_under_focus() -> None:
    coupled = world(((1, 2), ()), ((), ()), ((), ()), colours=(0, 1, 1))
    assert written(coupled) == "t0\nfocus t1\nt2"


def test_a_goal_solved_on_the_way_is_not_worked_on() -> None:
    solved = world(((1, 2), ()), ((), (2,)), ((), ()), colours=(0, 1, 1))
    assert written(solved) == "t0\nfocus t1"


def test_interleaved_groups_follow_the_flat_list() -> None:
    # 1 and 3 are coupled, 2 stands between them on its own
    mixed = world(
        ((1, 2, 3), ()), ((4,), ()), ((), ()), ((), ()), ((), ()), colours=(0, 1, 0, 1, 0)
    )
    assert written(mixed) == "t0\nfocus t1\n· t4\n· t2\n· t3"


def test_two_groups_of_coupled_goals_can_interleave() -> None:
    both = world(((1, 2, 1, 2), ()), ((3,), (1,)), ((), ()), ((), ()), colours=(0, 1, 2, 0))
    assert written(both) == "t0\nfocus t1\n· t3\nfocus t2\nt2"


def test_a_root_of_several_goals_starts_under_focus() -> None:
    assert written(world(((), ()), ((), ()), colours=(1, 1)), (0, 1)) == "focus t0\nt1"


def test_tactics_of_several_lines_keep_their_own_indentation() -> None:
    def goal(name: str, size: int = 1) -> State:
        return State(name, (Goal(name, name),) * size)

    lines = "induction n with\n| zero => simp\n| succ n ih =>\n  simp [ih]\n\n  done"
    graph = Graph(goal("root"))
    graph.add_step(graph.root, "constructor", -1.0, [goal("a"), goal("b", 2)], [0, 1, 1])
    graph.add_step(graph.goals[1], lines, -1.0, [], [])
    graph.add_step(graph.goals[2], "  rw [h]\n  simp\n", -1.0, [goal("c")], [0])
    graph.add_step(graph.goals[3], "rfl", -1.0, [], [])
    proof = graph.proof()
    assert proof is not None
    assert script(proof) == (
        "constructor\n"
        "· induction n with\n"
        "  | zero => simp\n"
        "  | succ n ih =>\n"
        "    simp [ih]\n"
        "\n"
        "    done\n"
        "focus\n"
        "  rw [h]\n"
        "  simp\n"
        "rfl"
    )


def test_layout_keeps_relative_indentation() -> None:
    assert layout("\n  simp\n    at h  \n") == "simp\n  at h"
    assert layout("simp\n  at h") == "simp\n  at h"


@settings(max_examples=200, deadline=None)
@given(worlds())
def test_scripts_of_random_proofs_run(world: World) -> None:
    environment = WorldEnvironment(world)
    graph = Graph(environment.start((0,)))
    for goal in graph.goals:  # grows
        group = tuple(int(g.target) for g in goal.state.goals)
        for text, rule in world.tactics(group).items():
            outcome = world.outcome(goal.state, text)
            if isinstance(outcome, Progress):
                graph.add_step(
                    goal,
                    text,
                    rule.logprob,
                    outcome.children,
                    outcome.goal_order,
                    outcome.kept,
                )
    proof = graph.proof()
    assert (proof is not None) == world.provable((0,))
    if proof is not None:
        assert world.replays(proof)
        assert script_proves(world, (0,), script(proof))
