/-
kind: a definition that changes the statement
title: a definition that the statement uses is replaced
refused by: statement
-/
--- header
def IsEven (n : Nat) : Prop := ∃ k, n = 2 * k
--- statement
theorem t : IsEven 3
--- bogus file
def IsEven (_ : Nat) : Prop := True
theorem t : IsEven 3 := trivial
--- honest statement
theorem t : IsEven 4
--- honest file
def IsEven (n : Nat) : Prop := ∃ k, n = 2 * k
theorem t : IsEven 4 := ⟨2, rfl⟩
