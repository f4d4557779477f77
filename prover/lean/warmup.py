"""What setup has the gym do, so that V8 optimises the code that most proofs use and it can be kept."""

import json
from pathlib import Path
from typing import Any

TACTICS = (
    "rfl",
    "decide",
    "omega",
    "simp",
    "simp_all",
    "grind",
    "constructor",
    "intro h",
    "nofun",
    "ac_rfl",
    "symm",
    "congr 1",
    "rw [Nat.add_comm]",
    "exact Nat.mul_le_mul_right c h",
    "simp [Nat.mul_comm, Nat.add_comm, Nat.add_assoc, Nat.left_distrib]",
    "by_cases h : xs = .empty <;> simp_all",
    "cases n <;> simp_all",
    "rename_i xs _\ncases h : xs.reverse <;> simp_all [Chain.reverse]",
    "induction n <;> simp_all [double, Nat.add_mul]",
    "induction xs <;> simp_all [Chain.onto, Chain.reverse, Chain.append, Chain.length]",
    "induction xs <;> grind [Chain.onto, Chain.reverse, Chain.append, Chain.length]",
    "fun_induction Chain.reverse xs <;> simp_all [onto_eq, length_append, Chain.length]",
    "fun_induction double n <;> grind [double]",
    "exfalso",
)
"""What is tried on each hole. Few of them prove one: what fails is most of what a search does."""


def session(source: Path) -> str:
    """What the gym reads: its word, then requests that elaborate `source` and search its holes."""
    text = source.read_text("utf-8")
    requests: list[dict[str, Any]] = [
        {"cmd": "open", "header": ""},
        {"cmd": "elab", "env": 0, "text": text, "holes": True, "from": 0},
    ]
    for state in range(text.count("sorry")):
        requests.append({"cmd": "context", "state": state, "theorems": []})
        requests.append({"cmd": "refute", "state": state, "most": 40, "heartbeats": 200})
        for tactic in TACTICS:
            limits = {"heartbeats": 20_000, "instances": 200}
            run = {"cmd": "run", "state": state, "tactic": tactic, **limits}
            requests.append(run | {"whole": False, "allowed": []})
    lines = [json.dumps({"id": number, **one}) for number, one in enumerate(requests, 1)]
    return "\n".join(["warmup", *lines, ""])
