/-
kind: the file ends early
title: words that are no command, and what stands below them
-/
--- check: good proved, line 2 refused, bad refused
theorem good : 1 = 1 := by rfl
theorm oops : 1 = 1 := rfl
theorem bad : 1 = 2 := sorry
--- check: refused
theorem good : 1 = 1 := rfl
)
theorem more : 1 = 1 := rfl
--- check: proved
theorem good : 1 = 1 := rfl
theorem more : 1 = 1 := rfl
