/-
threat: 20
title: a metavariable left in the proof
refused by: elaboration
-/
--- statement
theorem t : ∃ n : Nat, n = n
--- bogus script
exact ⟨_, rfl⟩
--- honest script
exact ⟨0, rfl⟩
