/-
kind: compiled code in the kernel
title: `Lean.reduceBool` of a constant of the library, in a proof that needs no text of one's own
-/
--- statement
theorem t : (1 : Nat) + 1 = 2
--- bogus script
have _h : Lean.reduceBool System.Platform.isWindows = Lean.reduceBool System.Platform.isWindows := rfl
rfl
--- honest script
have _h : System.Platform.isWindows = System.Platform.isWindows := rfl
rfl
