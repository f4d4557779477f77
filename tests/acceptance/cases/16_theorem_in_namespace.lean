/-
kind: another name
title: the theorem stands in a namespace, so the asked one is missing
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
namespace N
theorem t : True := trivial
end N
open N
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
namespace N
theorem t : True := trivial
end N
open Nat in
theorem t : (1 : Nat) + 1 = 2 := rfl
