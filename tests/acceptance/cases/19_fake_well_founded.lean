/-
kind: recursion
title: recursion over a relation that is well-founded by an axiom
refused by: axioms
-/
--- statement
theorem t (n : Nat) : n = n + 1
--- bogus file
axiom wf : WellFounded fun a b : Nat => b ≤ a
instance (priority := high) : WellFoundedRelation Nat := ⟨fun a b => b ≤ a, wf⟩
theorem t (n : Nat) : n = n + 1 := Nat.succ.inj (t (n + 1))
termination_by n
decreasing_by exact Nat.le_succ n
--- honest statement
theorem t (n : Nat) : 0 + n = n
--- honest file
instance (priority := high) : WellFoundedRelation Nat := ⟨(· < ·), Nat.lt_wfRel.wf⟩
theorem t (n : Nat) : 0 + n = n := match n with
  | 0 => rfl
  | n + 1 => congrArg Nat.succ (t n)
termination_by n
decreasing_by exact Nat.lt_succ_self n
