/-
kind: what a proof may hold
title: attributes of what a proof declares beside itself
refused by: text
-/
--- statement
theorem t : (1 : Nat) = 1
--- proof: refused
exact aux
where
  @[simp] aux : (1 : Nat) = 1 := rfl
--- proof: refused
rfl
where
  @[instance] aux : Inhabited Nat := ⟨7⟩
--- proof: refused
let rec @[simp] aux : (1 : Nat) = 1 := rfl
exact aux
--- proof: refused
let rec @[init] aux : IO Unit := pure ()
rfl
--- proof: proved
let rec aux : (1 : Nat) = 1 := rfl
exact aux
--- proof: proved
let rec /-- Helps. -/ aux (n : Nat) : n = n := rfl
exact aux 1
