/-
kind: a definition that changes the statement
title: a definition two levels below the statement is replaced
refused by: statement
-/
--- header
def limit : Nat := 2
def Good (n : Nat) : Prop := n ≤ limit
--- statement
theorem t : Good 3
--- bogus file
def limit : Nat := 5
def Good (n : Nat) : Prop := n ≤ limit
theorem t : Good 3 := (by decide : 3 ≤ limit)
--- honest statement
theorem t : Good 1
--- honest file
def limit : Nat := 2
def Good (n : Nat) : Prop := n ≤ limit
theorem t : Good 1 := (by decide : 1 ≤ limit)
