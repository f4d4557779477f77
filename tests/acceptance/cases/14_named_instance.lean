/-
kind: a definition that changes the statement
title: the body of a named instance that the statement uses is replaced
refused by: statement
-/
--- header
structure V where
  x : Nat
instance V.add : Add V := ⟨fun a b => ⟨a.x + b.x⟩⟩
--- statement
theorem t (a b : V) (_ : a ≠ b) : a + b = a
--- bogus file
structure V where
  x : Nat
instance V.add : Add V := ⟨fun a _ => a⟩
theorem t (a b : V) (_ : a ≠ b) : a + b = a := rfl
--- honest statement
theorem t (a b : V) : a + b = a + b
--- honest file
structure V where
  x : Nat
instance V.add : Add V := ⟨fun a b => ⟨a.x + b.x⟩⟩
theorem t (a b : V) : a + b = a + b := rfl
