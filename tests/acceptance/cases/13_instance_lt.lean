/-
kind: an instance that changes the statement
title: a local instance makes < always true
refused by: statement
-/
--- statement
theorem t (n : Nat) : n < n
--- bogus file
local instance (priority := high) : LT Nat := ⟨fun _ _ => True⟩
theorem t (n : Nat) : n < n := trivial
--- honest statement
theorem t (n : Nat) : n < n + 1
--- honest file
local instance : LT Unit := ⟨fun _ _ => True⟩
theorem t (n : Nat) : n < n + 1 := (fun (_ : () < ()) => Nat.lt_succ_self n) trivial
