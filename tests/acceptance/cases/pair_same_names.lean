/-
kind: one request alters the next
title: declarations of one text under the names of the next
-/
--- before
theorem helper : (1 : Nat) = 1 := by sorry
axiom cheat : False
def f (n : Nat) : Nat := n
theorem t : f 2 = 2 := by sorry
--- prove: t refused
def f (n : Nat) : Nat := n + 1
theorem t : f 2 = 2 := by sorry
--- before
--- check: refused
theorem u : (1 : Nat) = 2 := cheat.elim
--- before
--- check: refused
theorem u : (1 : Nat) = 1 := helper
--- prove: t proved
def f (n : Nat) : Nat := n + 1
theorem t : f 2 = 3 := by sorry
