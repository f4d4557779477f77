/-
kind: `let` and `have` in what is asked
title: a theorem whose statement holds `let`
-/
--- statements
theorem t : let x := 5; x = 5 := by
  sorry
theorem u (n : Nat) : have m := n + 1; n < m := sorry
--- solution: proved
theorem t : let x := 5; x = 5 := by intro x; rfl
theorem u (n : Nat) : have m := n + 1; n < m := Nat.lt_succ_self n
--- solution: t refused, u refused
theorem t : let x := 5; 5 = x + 0 := by intro x; rfl
theorem u (n : Nat) : have m := n + 2; n < m := by show n < n + 2; omega
--- prove: proved
theorem t : let x := 5; x = 5 := by
  sorry
theorem u (n : Nat) : have m := n + 1; n < m := sorry
--- prove: refused
theorem t : let x := 5; x = 6 := by
  sorry
--- statement
theorem t (f : Nat → Nat) : let y := f 1; let z := y + 1; z = f 1 + 1
--- claim: proved
intro y z
rfl
--- fill: proved
--- proof: refused
intro y z
exact (Nat.succ_ne_self _ rfl).elim
