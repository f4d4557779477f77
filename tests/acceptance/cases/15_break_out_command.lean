/-
kind: another statement
title: after a proof that is one, commands that outlive it
refused by: text
paths: tactic, proof, api
-/
--- statement
theorem t : (1 : Nat) + 1 = 2
--- bogus script
rfl

instance (priority := high) : HAdd Nat Nat Nat := ⟨fun _ _ => 0⟩
--- honest script
have : HAdd Nat Nat Nat := ⟨fun _ _ => 0⟩
rfl
