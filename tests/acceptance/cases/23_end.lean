/-
threat: 23
title: end closes what the checker opened
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
skip

end
theorem u : True := trivial
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
skip
rfl -- end
