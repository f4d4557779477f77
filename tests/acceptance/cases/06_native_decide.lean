/-
kind: compiled code in the kernel
title: native_decide
refused by: axioms
-/
--- statement
theorem t : (2 : Nat) ^ 64 % 7 = 2
--- bogus script
native_decide
--- honest script
decide +kernel
