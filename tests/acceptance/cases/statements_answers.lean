/-
kind: statements of every form
title: an answer that is to be found, and a theorem about it
-/
--- statements
abbrev answer : Nat := sorry
theorem putnam : 2 + 2 = answer := sorry
--- solution: proved
abbrev answer : Nat := 4
theorem putnam : 2 + 2 = answer := rfl
--- solution: answer refused, putnam refused
abbrev answer : Nat := sorry
theorem putnam : 2 + 2 = answer := sorry
--- solution: answer refused, putnam refused
abbrev answer : Int := 4
theorem putnam : 2 + 2 = answer := rfl
--- solution: answer proved, putnam refused
abbrev answer : Nat := 4
theorem putnam : 2 + 2 = 4 := rfl
--- solution: answer proved, putnam refused
abbrev answer : Nat := 5
theorem putnam : 2 + 2 = answer := sorry
--- solution: answer refused, putnam refused
axiom answer : Nat
axiom known : 2 + 2 = answer
theorem putnam : 2 + 2 = answer := known
--- statements
def solution : Set' := sorry
where Set' := Nat → Prop
theorem about (n : Nat) : solution n ↔ n = 3 := sorry
--- solution: error
theorem about : 1 = 1 := rfl
--- statements
noncomputable abbrev pair : Nat × (Nat → Prop) := sorry
theorem about (n : Nat) : pair.2 n ↔ n = pair.1 := sorry
--- solution: proved
noncomputable abbrev pair : Nat × (Nat → Prop) := (3, fun n => n = 3)
theorem about (n : Nat) : pair.2 n ↔ n = pair.1 := Iff.rfl
