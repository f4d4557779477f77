/-
kind: scripts that break out
title: a script that closes the parenthesis which it was put into
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) + 1 = 2
--- bogus script
exact rfl)
(skip
--- honest script
(exact rfl)
(skip)
