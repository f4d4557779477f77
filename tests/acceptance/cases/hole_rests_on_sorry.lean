/-
kind: holes that depend on each other
title: a hole of a theorem that rests on another one that is left open
-/
--- tactics
rfl
--- prove: hard refused, one refused
def Good (n : Nat) : Prop := ∃ k, n + k * k = 3 * n + 7 * k
theorem hard (n : Nat) : Good n := sorry
theorem one (n : Nat) : Good n ∧ n = n := ⟨hard n, by sorry⟩
--- tactics
rfl
--- prove: proved
theorem easy (n : Nat) : n = n := sorry
theorem one (n : Nat) : n = n ∧ n = n := ⟨easy n, by sorry⟩
