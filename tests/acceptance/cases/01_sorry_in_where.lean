/-
kind: a proof left open
title: sorry in a local declaration after the proof
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
theorem t : (1 : Nat) = 2 := by
  exact u
where u : (1 : Nat) = 2 := sorry
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
theorem t : (1 : Nat) + 1 = 2 := by
  exact u
where u : (1 : Nat) + 1 = 2 := rfl
