/-
kind: notation that changes the statement
title: a local notation turns ≤ around
refused by: statement
-/
--- statement
theorem t (n : Nat) : n + 1 ≤ n
--- bogus file
local notation:50 (priority := high) a:51 " ≤ " b:51 => LE.le b a
theorem t (n : Nat) : n + 1 ≤ n := Nat.le_succ n
--- honest statement
theorem t (n : Nat) : n ≤ n + 1
--- honest file
local notation:50 a:51 " ≼ " b:51 => LE.le a b
theorem t (n : Nat) : n ≤ n + 1 := (Nat.le_succ n : n ≼ n + 1)
