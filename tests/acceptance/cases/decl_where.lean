/-
kind: declarations passed over
title: an auxiliary of `where` that the theorem does not use
-/
--- check: foo refused
theorem foo : 1 = 1 := rfl
where
  aux : 1 = 2 := sorry
--- check: foo refused
theorem foo : 1 = 1 := by
  exact rfl
where
  /-- Nobody needs it. -/
  aux (n : Nat) : n = n + 1 := by
    sorry
  other : 1 = 1 := rfl
--- check: foo proved
theorem foo : 1 = 1 := aux
where
  aux : 1 = 1 := rfl
  other : 1 = 1 := rfl
