/-
kind: declarations passed over
title: a recursion whose end is left open
-/
--- check: f refused, fine proved
def f (n : Nat) : Nat := if n = 0 then 0 else f (n / 2 + 1)
termination_by n
decreasing_by sorry
theorem fine : 1 = 1 := rfl
--- check: loop refused
theorem loop (n : Nat) : n = n + 1 := loop n
termination_by n
decreasing_by all_goals sorry
--- check: proved
def f (n : Nat) : Nat := if h : n = 0 then 0 else f (n / 2)
termination_by n
decreasing_by omega
theorem fine : 1 = 1 := rfl
