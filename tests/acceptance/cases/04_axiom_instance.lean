/-
kind: an axiom of one's own
title: an axiom as an instance
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
@[instance] axiom bad : Subsingleton Nat
theorem t : (1 : Nat) = 2 := Subsingleton.elim 1 2
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
instance : Subsingleton (Fin 1) := ⟨by decide⟩
theorem t : (1 : Nat) + 1 = 2 := by
  have _ := Subsingleton.elim (0 : Fin 1) 0
  rfl
