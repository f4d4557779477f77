/-
kind: an axiom of one's own
title: an axiom that simp uses by itself
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
@[simp] axiom fact : ((1 : Nat) = 2) = True
theorem t : (1 : Nat) = 2 := by
  rw [fact]
  trivial
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
@[simp] theorem fact : ((1 : Nat) + 1 = 2) = True := by decide
theorem t : (1 : Nat) + 1 = 2 := by
  rw [fact]
  trivial
