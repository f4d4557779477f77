/-
kind: what a proof may hold
title: the same as suggestions of a generator
-/
--- tactics
let rec @[init] aux : IO Unit := pure ()
rfl
%%
let rec @[instance] aux : Inhabited Nat := ⟨7⟩
rfl
%%
let rec @[simp] aux : (1 : Nat) = 2 := aux
simp
%%
attribute [local simp] Nat.add_comm in
exact rfl
%%
exact (let rec @[reducible] f : Nat := 1; rfl)
%%
run_tac pure ()
%%
exact by_elab (pure (Lean.mkNatLit 1))
%%
bv_check "/etc/passwd"
%%
exact (include_str "/etc/passwd" ▸ rfl)
%%
exact unsafe lcProof
--- prove: t refused
theorem t : (1 : Nat) = 2 := by sorry
--- tactics
let rec aux (n : Nat) : n = n := rfl
exact aux 1
--- prove: t proved
theorem t : (1 : Nat) = 1 := by sorry
