/-
threat: 1
title: sorry in a definition that carries the contradiction
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
def box : Nat → PLift False := fun _ => sorry
theorem t : (1 : Nat) = 2 := (box 0).down.elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
def box : Nat → PLift True := fun _ => ⟨trivial⟩
theorem t : (1 : Nat) + 1 = 2 := by
  have _ := (box 0).down
  rfl
