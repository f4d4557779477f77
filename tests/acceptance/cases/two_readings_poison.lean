/-
kind: one text, two readings
title: what one suggestion declares does not help the next
-/
--- tactics
have helper : False := by first | contradiction | sorry
%%
let rec helper : False := helper
exact helper.elim
%%
exact helper.elim
%%
exact t.trans t
%%
exact t
%%
exact (t_1 : _)
%%
exact t._proof_1
%%
exact _example
--- prove: t refused
theorem t : (1 : Nat) = 2 := by sorry
--- tactics
have helper : (1 : Nat) = 1 := rfl
exact helper
--- prove: proved
theorem t : (1 : Nat) = 1 := by sorry
