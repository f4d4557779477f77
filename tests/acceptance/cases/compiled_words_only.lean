/-
kind: compiled code in the kernel
title: the words of compiled code in names, comments and texts
-/
--- check: reduceBool_is_a_name proved, my.ofReduceBool proved, s proved
/-- `Lean.reduceBool` is not used. -/
theorem reduceBool_is_a_name : 1 = 1 := rfl -- native_decide
theorem my.ofReduceBool : 1 = 1 := reduceBool_is_a_name
def s : String := "Lean.ofReduceBool implemented_by"
--- check: native refused
theorem native : (10 : Nat) ^ 3 = 1000 := by native_decide
