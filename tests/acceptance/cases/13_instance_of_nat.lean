/-
kind: an instance that changes the statement
title: an instance makes the numeral 2 mean 1
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
instance (priority := high) : OfNat Nat 2 := ⟨Nat.succ Nat.zero⟩
theorem t : (1 : Nat) = 2 := rfl
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
instance (priority := high) : OfNat Unit 2 := ⟨()⟩
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : (2 : Unit) = ()) => rfl) rfl
