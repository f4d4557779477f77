/-
threat: 16
title: the name of the theorem is an alias of another theorem
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
theorem N.t : True := trivial
export N (t)
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
theorem N.u : True := trivial
export N (u)
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) u
