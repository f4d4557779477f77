/-
kind: statements of every form
title: `Classical.choose` of a hole that later statements use
-/
--- statements
theorem ex : ∃ n : Nat, 3 < n := sorry
noncomputable def wit : Nat := Classical.choose ex
theorem wit_big : 3 < wit := sorry
--- solution: proved
theorem ex : ∃ n : Nat, 3 < n := ⟨4, by decide⟩
noncomputable def wit : Nat := Classical.choose ex
theorem wit_big : 3 < wit := Classical.choose_spec ex
--- solution: ex proved, wit_big refused
theorem ex : ∃ n : Nat, 3 < n := ⟨4, by decide⟩
noncomputable def wit : Nat := 4
theorem wit_big : 3 < wit := by decide
--- solution: ex refused, wit_big refused
theorem ex : ∃ n : Nat, 3 < n := sorry
noncomputable def wit : Nat := Classical.choose ex
theorem wit_big : 3 < wit := Classical.choose_spec ex
--- solution: ex refused, wit_big refused
theorem ex : ∃ n : Nat, 2 < n := ⟨3, by decide⟩
noncomputable def wit : Nat := Classical.choose ex
theorem wit_big : 2 < wit := Classical.choose_spec ex
