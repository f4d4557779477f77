/-
kind: the file ends early
title: `#exit` before what is left open
-/
--- check: refused
theorem good : 1 = 1 := rfl
#exit
theorem bad : 1 = 2 := sorry
--- check: refused
theorem good : 1 = 1 := rfl
#exit
--- statements
theorem good : 1 = 1 := sorry
theorem bad : 1 = 2 := sorry
--- solution: good proved, bad refused
theorem good : 1 = 1 := rfl
#exit
theorem bad : 1 = 2 := rfl
--- check: proved
theorem good : 1 = 1 := rfl
-- #exit
def s := "
#exit
"
