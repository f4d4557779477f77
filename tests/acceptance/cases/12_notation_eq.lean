/-
kind: notation that changes the statement
title: a notation makes = mean True
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
notation:50 (priority := high) a:51 " = " b:51 => (fun _ _ => True) a b
theorem t : (1 : Nat) = 2 := trivial
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
local notation:50 a:51 " ≐ " b:51 => a = b
theorem t : (1 : Nat) + 1 = 2 := (rfl : (2 : Nat) ≐ 2)
