/-
kind: compiled code in the kernel
title: decide +native
refused by: axioms
-/
--- statement
theorem t : (2 : Nat) ^ 64 % 7 = 2
--- bogus script
decide +native
--- honest script
decide
