/-
kind: a proof that runs programs
title: a proof that is one runs a program beside
refused by: text
paths: tactic, proof, api
-/
--- header
import Lean
--- statement
theorem t : (1 : Nat) + 1 = 2
--- bogus script
run_tac pure ()
rfl
--- honest script
skip
rfl
