/-
kind: sorry by another name
title: sorryAx without the token
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
exact sorryAx _ false
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
exact rfl
