/-
kind: another name
title: open … in gives the statement another constant
refused by: statement
-/
--- header
def Small (n : Nat) : Prop := n < 5
--- statement
theorem t (n : Nat) : Small n
--- bogus file
def Other.Small (_ : Nat) : Prop := True
namespace Other
theorem _root_.t (n : Nat) : Small n := trivial
end Other
--- honest statement
theorem t (n : Nat) (h : n < 5) : Small n
--- honest file
def Small (n : Nat) : Prop := n < 5
open Nat in
theorem t (n : Nat) (h : n < 5) : Small n := h
