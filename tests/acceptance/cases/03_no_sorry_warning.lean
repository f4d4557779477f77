/-
kind: messages that are hidden
title: the warning about sorry switched off
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
set_option warn.sorry false
theorem t : (1 : Nat) = 2 := sorry
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
set_option warn.sorry false
theorem t : (1 : Nat) + 1 = 2 := rfl
