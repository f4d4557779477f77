"""Rewards by the real Lean."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from prover.lean.toolchain import Lean
from prover.train.reward import SCALES, LeanRewards, Scored, TrainingState

BOTH = TrainingState("", "theorem both (p q : Prop) (hp : p) (hq : q) : p ∧ q")
PP = "p q : Prop\nhp : p\nhq : q\n⊢ "
KNOWN = {PP + "p ∧ q": 3, PP + "p": 1, PP + "q": 1}


@pytest.fixture(scope="module")
def rewards(lean: Lean) -> Iterator[LeanRewards]:
    with LeanRewards(lean="embedded", jobs=2) as rewards:
        yield rewards


def values(rewards: LeanRewards, state: TrainingState, *texts: str) -> list[float | None]:
    return [one.value for one in rewards.score([state] * len(texts), texts)]


TACTICS = {
    "exact ⟨hp, hq⟩": "closed",
    "constructor": "changed",
    "have h := hp": "changed",
    "skip": "failed",
    "exact ⟨hq, hp⟩": "failed",
    "no tactic at all": "failed",
    "sorry": "failed",
    "exact ⟨hp, by sorry⟩": "failed",
    "admit": "failed",
    "": "failed",
    " \n": "failed",
    "exact \0": "failed",
    'run_tac Lean.logInfo m!"x"': "failed",
}


@pytest.mark.parametrize("kind", ["outcome", "process"])
def test_a_tactic_is_worth_what_lean_makes_of_it(rewards: LeanRewards, kind: str) -> None:
    rewards.action, rewards.kind = "tactic", kind  # type: ignore[assignment]
    found = values(rewards, BOTH, *TACTICS)
    assert found == [SCALES[rewards.kind][step] for step in TACTICS.values()]  # type: ignore[index]
    known = replace(BOTH, known=KNOWN)
    nearer = SCALES[rewards.kind]["nearer"]  # type: ignore[index]
    assert values(rewards, known, "constructor", "have h := hp") == [
        nearer,
        SCALES[rewards.kind]["changed"],  # type: ignore[index]
    ]
    unproved = replace(BOTH, known={PP + "p": 1, PP + "q": 1})
    assert values(rewards, unproved, "constructor") == [nearer]


def test_a_state_is_come_to_by_its_history(rewards: LeanRewards) -> None:
    rewards.action, rewards.kind = "tactic", "outcome"
    first, second = (
        replace(BOTH, history=h) for h in [("constructor",), ("constructor", "exact hp")]
    )
    gone, nowhere = replace(BOTH, history=("exact ⟨hp, hq⟩",)), replace(BOTH, history=("rfl",))
    wrong = TrainingState("", "theorem wrong : no_such_thing")
    states = [BOTH, first, second, gone, nowhere, wrong]
    assert rewards.prints(states) == [
        PP + "p ∧ q",
        "case left\n" + PP + "p",
        "case right\n" + PP + "q",
        *[None] * 3,
    ]
    found = rewards.score(states, ["exact hq"] * 6)
    assert [one.value for one in found] == [0.0, 0.0, 1.0, None, None, None]
    assert [bool(one.why) for one in found] == [False] * 3 + [True] * 3


def test_a_proof_is_followed_to_its_states(rewards: LeanRewards) -> None:
    left, right = "case left\n" + PP + "p", "case right\n" + PP + "q"
    steps = {PP + "p ∧ q": "constructor", left: "exact hp", right: "exact hq"}
    found = rewards.follow(replace(BOTH, known=KNOWN), steps)
    assert [state.history for state in found.values()] == [
        (),
        ("constructor",),
        ("constructor", "exact hp"),
    ]
    assert rewards.prints(list(found.values())) == list(found) == list(steps)
    assert all(state.known == KNOWN for state in found.values())
    assert list(rewards.follow(BOTH, {PP + "p ∧ q": "rfl"})) == [PP + "p ∧ q"]


SCRIPTS = {
    "constructor\n· exact hp\n· exact hq": 1.0,
    "exact ⟨hp, hq⟩": 1.0,
    "constructor\n· exact hp": 0.0,
    "constructor\n· exact hp\n· sorry": 0.0,
    "exact ⟨hp, hq⟩\n\naxiom cheat : False\n\ntheorem more : False := cheat": 0.0,
    "rfl": 0.0,
    "": 0.0,
}


def test_a_proof_is_worth_what_the_judge_says(rewards: LeanRewards) -> None:
    rewards.action, rewards.kind = "proof", "outcome"
    assert dict(zip(SCRIPTS, values(rewards, BOTH, *SCRIPTS), strict=True)) == SCRIPTS


def test_each_tactic_of_a_proof_has_its_reward(rewards: LeanRewards) -> None:
    rewards.action, rewards.kind = "proof", "process"
    text = "constructor\n· exact hp\n· exact hp\n  exact hq"
    (found,) = rewards.score([replace(BOTH, known=KNOWN)], [text])
    ends = [text.index(part) + len(part) for part in ("constructor", "exact hp")]
    assert found == Scored(
        1.5 / 4,
        ((ends[0], 0.5), (ends[1], 1.0), (text.rindex("\n"), 0.0), (len(text), 0.0)),
    )
    whole, too_much = rewards.score([BOTH] * 2, ["exact ⟨hp, hq⟩", "exact ⟨hp, hq⟩\nrfl"])
    assert whole.value == 1.0
    assert [reward for _, reward in too_much.steps] == [1.0, 0.0]


def test_what_has_no_answer_has_no_reward(rewards: LeanRewards) -> None:
    rewards.action, rewards.kind = "tactic", "outcome"
    spin = TrainingState("", "theorem spin : ∀ n : Fin 3000, n.val * n.val < 9000000")
    pool = rewards._pool
    before = pool.limits
    pool.limits = replace(before, tactic_seconds=1.0)
    try:
        found = rewards.score([spin, BOTH], ["decide +kernel", "exact ⟨hp, hq⟩"])
    finally:
        pool.limits = before
    assert [one.value for one in found] == [None, 1.0]
    assert found[0].why.startswith("timeout")


def steps(rewards: LeanRewards, script: str) -> list[tuple[str | None, int]]:
    """The tactics of a script for BOTH, and where they end."""
    state = rewards._wait(rewards._open(BOTH))
    assert not isinstance(state, str)
    found = rewards._wait(rewards._steps(state, script))
    assert not isinstance(found, Scored)
    return found


def test_a_script_is_taken_apart_into_its_tactics(rewards: LeanRewards) -> None:
    script = (
        "intro n\n"
        "induction n with\n"
        "| zero => rfl\n"
        "| succ n ih =>\n"
        "  simp\n"
        "  exact ih\n"
        "\n"
        "constructor\n"
        "· have h : p := by\n"
        "    exact hp\n"
        "  · exact h\n"
        "·\n"
        "  simp\n"
        "  <;> omega\n"
        ". exact hq  \n"
    )
    found = steps(rewards, script)
    assert [tactic for tactic, _ in found] == [
        "intro n",
        "induction n with\n| zero => rfl\n| succ n ih =>\n  simp\n  exact ih",
        "constructor",
        "have h : p := by\n  exact hp",
        "exact h",
        "simp\n<;> omega",
        "exact hq",
    ]
    for tactic, end in found:
        assert tactic and script[:end].endswith(tactic.splitlines()[-1].strip())
    assert steps(rewards, "\n  \n") == [(None, 4)]


UGLY = {
    "-- first\nconstructor; exact hp -- · skip\n/- simp\nsimp -/\nexact hq": [
        "constructor",
        "exact hp",
        "exact hq",
    ],
    "calc\n  p ∧ q ↔ q ∧ p := by\n    constructor\n  _ ↔ p ∧ q := and_comm\nsimp": [
        "calc\n  p ∧ q ↔ q ∧ p := by\n    constructor\n  _ ↔ p ∧ q := and_comm",
        "simp",
    ],
    "match hp, hq with\n| a, b => constructor\n          · exact a\n          · exact b\nrfl": [
        "match hp, hq with\n| a, b => constructor\n          · exact a\n          · exact b",
        "rfl",
    ],
    "first\n| rfl\n| simp\nall_goals\n  rfl\n  simp": [
        "first\n| rfl\n| simp",
        "all_goals\n  rfl\n  simp",
    ],
    '· have s := "· skip\nrfl"\n  exact ⟨hp,\n    hq⟩': [
        '  have s := "· skip\nrfl"',
        "exact ⟨hp,\n  hq⟩",
    ],
    "constructor\n{ exact hp }\n(simp; exact hq)": [
        "constructor",
        "exact hp",
        "simp",
        "exact hq",
    ],
    "constructor <;>\nsimp\n  at hp ⊢\nrfl": ["constructor <;>\nsimp\n  at hp ⊢", "rfl"],
    "constructor\n· exact hp\n· exact (": ["constructor", "exact hp", None],
    "constructor\n· skip\n  exact )\nsimp": ["constructor", "skip", None],
    "constructor\n  exact hp": ["constructor", None],
    "  constructor\n exact hp": ["constructor", None],
    "exact ⟨hp, hq⟩\n\ntheorem t : p := hp": ["exact ⟨hp, hq⟩", None],
    "∧ p": [None],
}
"""Scripts whose tactics are not what their lines look like; None is what Lean cannot read."""


@pytest.mark.parametrize("script", UGLY)
def test_lean_says_where_the_tactics_of_an_ugly_script_are(
    rewards: LeanRewards, script: str
) -> None:
    found = steps(rewards, script)
    assert [tactic for tactic, _ in found] == UGLY[script]
    for tactic, end in found:
        assert script[:end].endswith(script if tactic is None else tactic.splitlines()[-1].strip())
