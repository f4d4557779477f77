/-
kind: declarations passed over
title: `sorry` in mutual theorems
-/
--- check: good proved, bad_a refused, bad_b refused
theorem good : 1 + 1 = 2 := rfl

mutual
theorem bad_a : 1 = 2 := sorry
theorem bad_b : 2 = 3 := sorry
end
--- check: ok1 proved, b1 proved, b2 refused
theorem ok1 : 1 = 1 := rfl
set_option maxRecDepth 1000 in
mutual
theorem b1 : 1 = 1 := rfl
theorem b2 : 1 = 2 := sorry
end
--- check: proved
theorem ok1 : 1 = 1 := rfl
set_option maxRecDepth 1000 in
mutual
theorem b1 : 1 = 1 := rfl
theorem b2 : 2 = 2 := rfl
end
