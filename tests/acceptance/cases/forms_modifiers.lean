/-
kind: declarations of every form
title: modifiers, attributes and doc comments before everything
-/
--- check: proved
/-- A theorem. -/
@[simp] protected theorem A.t : 1 = 1 := rfl
@[reducible] private def d : Nat := 3
protected instance A.i : Inhabited Nat := ⟨3⟩
@[instance] def A.j : Inhabited Bool := ⟨true⟩
attribute [-instance] A.j
/-- An instance. -/
@[default_instance] instance (priority := low) : Inhabited String := ⟨""⟩
/-- An example. -/
@[simp] example : 1 = 1 := rfl
noncomputable def c : Nat := Classical.choice ⟨3⟩
noncomputable section
def e : Nat := c
end
unsafe def u : Nat := 3
partial def p (n : Nat) : Nat := p (n + 1)
@[irreducible] def k : Nat := 3
@[extern "c_add"] opaque o : Nat → Nat
theorem last : d = 3 := rfl
--- check: A.t refused, last proved
/-- A theorem. -/
@[simp] protected theorem A.t : 1 = 2 := sorry
unsafe def u : Nat := 3
partial def p (n : Nat) : Nat := p (n + 1)
theorem last : 1 = 1 := rfl
