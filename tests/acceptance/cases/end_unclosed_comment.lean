/-
kind: the file ends early
title: a comment that nobody closes
-/
--- check: refused
theorem good : 1 = 1 := rfl
/- theorem bad : 1 = 2 := sorry
--- check: refused
theorem good : 1 = 1 := rfl
/-- A doc comment of nothing. -/
--- check: refused
theorem good : 1 = 1 := rfl
def s := "an open text
theorem bad : 1 = 2 := sorry
--- check: proved
theorem good : 1 = 1 := rfl
/- a comment /- in a comment -/ -/
