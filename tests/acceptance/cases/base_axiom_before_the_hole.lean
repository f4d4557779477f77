/-
kind: text before a hole that the kernel never saw
title: an axiom before the hole
-/
--- tactics
exact cheat.elim
--- prove: t refused
axiom cheat : False
theorem t : (1 : Nat) = 2 := by sorry
--- tactics
exact wrong.elim
--- prove: wrong refused, t refused
theorem wrong : False := sorry
theorem t : (1 : Nat) = 2 := by sorry
--- tactics
rfl
--- prove: t proved
axiom cheat : False
theorem t : (1 : Nat) + 1 = 2 := by sorry
