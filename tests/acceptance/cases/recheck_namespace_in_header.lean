/-
kind: the wrong theorem is judged
title: a namespace that the header opens
-/
--- header
namespace Bench
--- statement
theorem main_thm : (1 : Nat) = 2
--- claim: refused
rfl
--- recheck: refused
theorem main_thm : (1 : Nat) = 1 := rfl
--- statement
theorem main_thm : (1 : Nat) = 1
--- claim: proved
rfl
--- recheck: proved
namespace Bench
theorem main_thm : (1 : Nat) = 1 := rfl
end Bench
--- fill: proved
