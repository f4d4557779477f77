/-
kind: another name
title: a name inside the theorem's own namespace captures the statement's
refused by: statement
name: N.t
-/
--- header
def Even (n : Nat) : Prop := n % 2 = 0
--- statement
theorem N.t : Even 3
--- bogus file
def Even (n : Nat) : Prop := n % 2 = 0
def N.Even (_ : Nat) : Prop := True
theorem N.t : Even 3 := trivial
--- honest statement
theorem N.t : Even 4
--- honest file
def Even (n : Nat) : Prop := n % 2 = 0
def M.Even (_ : Nat) : Prop := True
theorem N.t : Even 4 := rfl
