/-
kind: one text, two readings
title: a block as a whole proof that is more than one
-/
--- statement
theorem t : (1 : Nat) = 1
--- proof: refused
rfl
end
--- proof: refused
rfl

instance : Add Nat := ⟨fun _ _ => 0⟩
--- proof: refused
rfl
#exit
--- proof: refused
rfl /-
--- proof: refused
rfl
/-- For nothing. -/
--- proof: refused
rfl)
--- proof: refused
rfl
attribute [simp] Nat.add_comm
--- proof: refused

--- proof: proved
rfl -- done
--- proof: proved
  rfl
--- proof: proved
-- first
/- then -/
rfl
