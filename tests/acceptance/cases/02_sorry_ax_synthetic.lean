/-
kind: sorry by another name
title: sorryAx marked as synthetic, which silences Lean's own messages
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
exact sorryAx _ true
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
exact id rfl
