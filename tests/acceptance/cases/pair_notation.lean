/-
kind: one request alters the next
title: notation, instances and options of one text in the next
-/
--- before
macro_rules | `($a = $b) => `($a ≤ $b)
local notation "two" => 3
@[simp] theorem nonsense_lemma (h : False) : (1 : Nat) = 2 := h.elim
instance : OfNat Nat 1 := ⟨2⟩
set_option autoImplicit true
set_option debug.skipKernelTC true
namespace Left
open Nat
variable (h : False)
theorem x : 1 = 1 := by sorry
--- prove: t refused
theorem t : (1 : Nat) = 2 := by sorry
--- before
--- check: refused
theorem t : (1 : Nat) = 2 := by decide
--- before
--- check: refused
theorem t : (1 : Nat) = 2 := by decide +kernel
--- statement
theorem t : (1 : Nat) = 2
--- before
--- proof: refused
decide
--- claim: refused
exact h.elim
--- check: t proved
theorem t : (1 : Nat) = 1 := by decide
--- statement
theorem t : (1 : Nat) = 1
--- proof: proved
decide
