/-
kind: what surrounds a statement
title: a definition, an instance, an `example`, a helper before the theorem
-/
--- statement
def three : {n : Nat // n = 3} := sorry
--- tactics
exact ⟨3, rfl⟩
--- fill: proved
--- tactics
exact ⟨4, rfl⟩
--- fill: refused
--- tactics
rfl
--- statement
example : 1 + 1 = 2
--- fill: proved
--- statement
instance : Inhabited Nat
--- tactics
exact ⟨3⟩
--- fill: proved
--- tactics
rfl
--- statement
def two : Nat := 2
theorem t : two = 2
--- fill: proved
--- statement
def two : Nat := 2
theorem t : two = 3
--- fill: refused
--- statement
theorem a : 1 = 1 := sorry
theorem b : 1 = 2 := sorry
--- fill: a proved, b refused
