/-
kind: compiled code in the kernel
title: a statement that can only be proved by running compiled code
-/
--- statement
theorem t : Lean.reduceBool System.Platform.isWindows = Lean.reduceBool System.Platform.isWindows
--- bogus script
rfl
--- honest statement
theorem t : System.Platform.isWindows = System.Platform.isWindows
--- honest script
rfl
