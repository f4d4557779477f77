/-
kind: holes below the variables of a section
title: an `example`, a `def`, an `instance` and a theorem
-/
--- prove: example:3 proved
section
variable (n : Nat) (h : 0 < n)
example : n ≠ 0 := by sorry
end
--- prove: proved
section
variable {α : Type} [Inhabited α]
def el : α := sorry
instance : Inhabited (List α) := sorry
variable (x : α)
theorem t : x = x := by sorry
end
--- prove: t refused
section
variable (n : Nat) (h : n < 0)
theorem t : 1 = 2 := by sorry
end
