/-
kind: sorry by another name
title: a macro that redefines a tactic to end in sorry
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
macro_rules | `(tactic| trivial) => `(tactic| exact sorryAx _ false)
theorem t : (1 : Nat) = 2 := by trivial
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
macro_rules | `(tactic| trivial) => `(tactic| exact rfl)
theorem t : (1 : Nat) + 1 = 2 := by trivial
