/-
kind: scripts that break out
title: #exit after a proof that is not finished
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
skip

#exit
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
rfl -- #exit
