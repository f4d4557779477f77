/-
threat: 15
title: there is in place of for all
refused by: statement
-/
--- statement
theorem t : ∀ n : Nat, n = 0
--- bogus file
theorem t : ∃ n : Nat, n = 0 := ⟨0, rfl⟩
--- honest statement
theorem t : ∃ n : Nat, n = 0
--- honest file
theorem t : ∃ n : Nat, n = 0 := ⟨0, rfl⟩
