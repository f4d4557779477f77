/-
kind: an instance that changes the statement
title: a coercion that forgets
refused by: statement
-/
--- statement
theorem t (a b : Nat) (_ : a ≠ b) : (a : Int) = b
--- bogus file
instance (priority := high) : NatCast Int := ⟨fun _ => 0⟩
theorem t (a b : Nat) (_ : a ≠ b) : (a : Int) = b := rfl
--- honest statement
theorem t (a b : Nat) (h : a = b) : (a : Int) = b
--- honest file
instance : NatCast Unit := ⟨fun _ => ()⟩
theorem t (a b : Nat) (h : a = b) : (a : Int) = b := congrArg _ h
