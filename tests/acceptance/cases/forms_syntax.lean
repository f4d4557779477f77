/-
kind: declarations of every form
title: notation, macros, syntax, scopes
-/
--- check: proved
notation "ℕ" => Nat
local notation "two" => (2 : ℕ)
infixl:65 " ⊕⊕ " => fun (a b : Nat) => a + b
namespace S
scoped notation "⟪" x "⟫" => x
scoped macro "easy" : tactic => `(tactic| first | rfl | omega)
end S
open scoped S in
theorem a : ⟪two⟫ ⊕⊕ 1 = 3 := by rfl
open S
theorem b (n : ℕ) : n + 0 = n := by easy
syntax "triv" : tactic
macro_rules | `(tactic| triv) => `(tactic| trivial)
theorem c : True := by triv
macro "answer!" : term => `(42)
theorem d : answer! = 42 := rfl
declare_syntax_cat arith
syntax num : arith
syntax "[arith|" arith "]" : term
macro_rules | `([arith| $n:num]) => `($n)
theorem e : [arith| 3 ] = 3 := rfl
export Nat (succ)
theorem f : succ 0 = 1 := rfl
--- check: a refused, b refused
notation "ℕ" => Nat
macro "easy" : tactic => `(tactic| sorry)
macro "answer!" : term => `(sorry)
theorem a (n : ℕ) : n = n + 1 := by easy
theorem b : (answer! : Nat) = 42 := answer!
theorem c : 1 = 1 := rfl
