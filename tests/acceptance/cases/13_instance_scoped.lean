/-
kind: an instance that changes the statement
title: a scoped instance switched on by open
refused by: statement
-/
--- statement
theorem t (a b : Nat) : a * b = 0
--- bogus file
namespace Zero
scoped instance (priority := high) : HMul Nat Nat Nat := ⟨fun _ _ => 0⟩
end Zero
open Zero in
theorem t (a b : Nat) : a * b = 0 := rfl
--- honest statement
theorem t (a b : Nat) : a * b = b * a
--- honest file
namespace Zero
scoped instance (priority := high) : HMul Nat Nat Nat := ⟨fun _ _ => 0⟩
end Zero
theorem t (a b : Nat) : a * b = b * a := Nat.mul_comm a b
