/-
kind: scripts that break out
title: a comment opened in the script and never closed
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) + 1 = 2
--- bogus script
rfl /-
--- honest script
rfl /- -/ -- /-
