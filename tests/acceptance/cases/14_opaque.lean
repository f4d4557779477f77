/-
kind: a definition that changes the statement
title: an opaque constant that the statement uses becomes a definition
refused by: statement
-/
--- header
opaque secret : Nat
--- statement
theorem t : secret = 0
--- bogus file
def secret : Nat := 0
theorem t : secret = 0 := rfl
--- honest statement
theorem t : secret = secret
--- honest file
opaque secret : Nat
theorem t : secret = secret := rfl
