/-
kind: declarations passed over
title: theorems that use the variables of a section, one of them left open
-/
--- check: use proved, open' refused, after refused, el proved
section
variable {α : Type} [Inhabited α] (x : α) (h : x = default)
include h
theorem use : default = x := h.symm
theorem open' : x = x ∧ 1 = 2 := ⟨rfl, sorry⟩
omit h in
theorem after : x = x ∧ True := ⟨rfl, (fun _ => trivial) (open' (default : α) rfl)⟩
noncomputable def el : α := default
end
--- check: proved
section
variable {α : Type} [Inhabited α] (x : α) (h : x = default)
include h
theorem use : default = x := h.symm
omit h in
theorem after : x = x ∧ True := ⟨rfl, trivial⟩
noncomputable def el : α := default
example : default = x := use x h
end
