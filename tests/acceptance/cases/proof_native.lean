/-
kind: what a proof may hold
title: proofs that trust the compiler
-/
--- statement
theorem t : (10 : Nat) ^ 3 = 1000
--- proof: refused
native_decide
--- proof: refused
decide +native
--- tactics
native_decide
%%
decide +native
%%
exact Lean.ofReduceBool _ _ rfl
--- fill: refused
--- tactics
decide
--- fill: proved
--- proof: proved
decide
