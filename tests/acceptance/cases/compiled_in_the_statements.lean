/-
kind: compiled code in the kernel
title: both files hold a lemma by compiled code
-/
--- statements
def c : Bool := true
theorem lem : Lean.reduceBool c = Lean.reduceBool c := rfl
theorem t : (1 : Nat) = 1 := sorry
--- solution: error
def c : Bool := true
theorem lem : Lean.reduceBool c = Lean.reduceBool c := rfl
theorem t : (1 : Nat) = 1 := rfl
--- statements
def c : Bool := true
theorem t : (1 : Nat) = 1 := sorry
--- solution: t refused
def c : Bool := true
theorem lem : Lean.reduceBool c = Lean.reduceBool c := rfl
theorem t : (1 : Nat) = 1 := (fun _ => rfl) lem
--- solution: t proved
def c : Bool := true
theorem lem : c = true := rfl
theorem t : (1 : Nat) = 1 := (fun _ => rfl) lem
