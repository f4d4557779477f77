/-
kind: another name
title: a namespace in which the constants of the statement are others
refused by: statement
name: N.t
-/
--- statement
theorem N.t (n : Nat) : Nat.le n 0
--- bogus file
namespace N
def Nat.le (_ _ : Nat) : Prop := True
theorem t (n : Nat) : Nat.le n 0 := trivial
end N
--- honest statement
theorem N.t (n : Nat) : Nat.le n n
--- honest file
namespace N
theorem Nat.helper (n : Nat) : Nat.le n n := Nat.le.refl
theorem t (n : Nat) : Nat.le n n := Nat.helper n
end N
