/-
kind: holes that depend on each other
title: a hole whose theorem, or a later one, would prove it
-/
--- tactics
exact t
%%
exact later
%%
assumption
%%
exact absurd t (by decide)
--- prove: t refused
theorem t : (1 : Nat) = 2 := by sorry
theorem later : (1 : Nat) = 2 := t
--- tactics
exact first
%%
rfl
--- prove: proved
theorem first : (1 : Nat) = 1 := by sorry
theorem second : (1 : Nat) = 1 := by sorry
