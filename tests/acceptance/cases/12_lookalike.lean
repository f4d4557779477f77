/-
threat: 12
title: a name that only looks like Nat
refused by: statement
-/
--- statement
theorem t (a b : Nat) : a = b
--- bogus file
abbrev Νat := Unit
theorem t (a b : Νat) : a = b := rfl
--- honest statement
theorem t (α β : Nat) : α + β = β + α
--- honest file
abbrev Ναt := Nat
theorem t (α β : Nat) : α + β = β + α := Nat.add_comm (α : Ναt) β
