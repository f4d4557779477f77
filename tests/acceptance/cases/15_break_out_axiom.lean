/-
kind: another statement
title: the proof uses an axiom that the text declares after it
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
exact N.helper

namespace N
axiom helper : (1 : Nat) = 2
end N
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
have helper : (1 : Nat) + 1 = 2 := rfl
exact helper
