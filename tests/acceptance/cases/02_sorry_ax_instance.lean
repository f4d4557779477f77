/-
threat: 2
title: sorryAx behind an instance
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
instance : Inhabited (PLift ((1 : Nat) = 2)) := ⟨sorryAx _ true⟩
theorem t : (1 : Nat) = 2 := (default : PLift ((1 : Nat) = 2)).down
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
instance : Inhabited (PLift ((1 : Nat) + 1 = 2)) := ⟨⟨rfl⟩⟩
theorem t : (1 : Nat) + 1 = 2 := (default : PLift ((1 : Nat) + 1 = 2)).down
