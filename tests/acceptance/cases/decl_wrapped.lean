/-
kind: declarations passed over
title: `open … in`, `set_option … in`, `variable … in` around a theorem that is left open
-/
--- check: a refused, b refused, c refused, d proved
open Nat in
theorem a : 1 = 2 := sorry
set_option maxRecDepth 1000 in
open Nat in
/-- A doc comment. -/
@[simp] theorem b : 1 = 2 := by sorry
variable (n : Nat) in
theorem c : n = n + 1 := sorry
universe u in
theorem d (α : Type u) (x : α) : x = x := rfl
--- check: proved
open Nat in
theorem a : succ 0 = 1 := rfl
set_option maxRecDepth 1000 in
open Nat in
/-- A doc comment. -/
@[simp] theorem b : 1 = 1 := by rfl
variable (n : Nat) in
theorem c : n = n := rfl
