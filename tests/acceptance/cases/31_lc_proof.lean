/-
kind: unsafe code
title: lcProof, the compiler's own proof of everything
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
exact lcProof
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
exact id rfl
