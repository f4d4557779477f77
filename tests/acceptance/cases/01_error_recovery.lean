/-
kind: a proof left open
title: an error that Lean recovers from with sorry
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
all_goals exact (no_such_lemma : (1 : Nat) = 2)
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
all_goals exact (rfl : (1 : Nat) + 1 = 2)
