/-
kind: the wrong theorem is judged
title: definitions and a helper around the theorem that is asked
-/
--- statement
def double (n : Nat) : Nat := n + n
theorem main_thm (n : Nat) : double n = n := by sorry
--- claim: refused
rfl
--- recheck: refused
def double (n : Nat) : Nat := n + n
theorem other (n : Nat) : double n = n + n := rfl
--- recheck: refused
def double (n : Nat) : Nat := n
theorem main_thm (n : Nat) : double n = n := rfl
--- statement
def double (n : Nat) : Nat := n + n
theorem main_thm (n : Nat) : double n = 2 * n := by sorry
--- claim: proved
unfold double
omega
--- recheck: proved
def double (n : Nat) : Nat := n + n
theorem aux (n : Nat) : n + n = 2 * n := by omega
theorem main_thm (n : Nat) : double n = 2 * n := aux n
theorem after : double 2 = 4 := main_thm 2
