/-
kind: one text, two readings
title: tactics that leave the block at the left margin
-/
--- tactics
skip
instance : OfNat Nat 1 := ⟨2⟩
%%
skip

theorem t' : (1 : Nat) = 2 := by
  sorry
%%
skip)
(skip
%%
· skip
@[simp] theorem x : (1 : Nat) = 2 := sorry
%%
skip <;> (
skip)
#exit
%%
skip /-
%%
skip --
/-
%%
	skip
	exact absurd
--- prove: t refused
theorem t : (1 : Nat) = 2 := by sorry
theorem after : (1 : Nat) = 1 := by rfl
--- tactics
first
| omega
| skip
  rfl
--- prove: proved
theorem t (f : Nat → Nat) : f 1 = f 1 := by sorry
theorem after : (1 : Nat) = 1 := by sorry
