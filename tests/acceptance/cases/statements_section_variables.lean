/-
kind: statements of every form
title: statements below the variables of a section
-/
--- statements
section
variable {α : Type} [DecidableEq α] (x : α) (h : x ≠ x)
theorem t : x = x := sorry
include h in
theorem u : False := sorry
example : x = x := sorry
end
--- solution: proved
section
variable {α : Type} [DecidableEq α] (x : α) (h : x ≠ x)
theorem t : x = x := rfl
include h in
theorem u : False := h rfl
example : x = x := t x
end
--- solution: t refused
section
variable {α : Type} [DecidableEq α] (x : α) (h : x ≠ x) (p : False)
include p in
theorem t : x = x := p.elim
include h in
theorem u : False := h rfl
example : x = x := rfl
end
--- statements
section
variable {n : Nat} (h : n = n + 1)
theorem t : n = 0 := sorry
end
--- solution: t refused
section
variable {n : Nat}
axiom bad : n = n + 1
theorem t : n = 0 := by have := @bad n; omega
end
--- solution: t refused
theorem t (h : False) : n = 0 := h.elim
