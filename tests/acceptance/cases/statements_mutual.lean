/-
kind: statements of every form
title: mutual theorems that are asked and missing
-/
--- statements
theorem x : 1 = 1 := sorry
mutual
theorem ev (n : Nat) : n + 0 = n := sorry
theorem od (n : Nat) : 0 + n = n := sorry
end
--- solution: x proved, ev refused, od refused
theorem x : 1 = 1 := rfl
--- solution: x proved, ev proved, od refused
theorem x : 1 = 1 := rfl
mutual
theorem ev (n : Nat) : n + 0 = n := rfl
theorem od (n : Nat) : 0 + n = n := sorry
end
--- solution: proved
theorem x : 1 = 1 := rfl
theorem od (n : Nat) : 0 + n = n := Nat.zero_add n
theorem ev (n : Nat) : n + 0 = n := rfl
