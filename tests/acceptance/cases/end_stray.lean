/-
kind: the file ends early
title: a stray `end`, and what stands below it
-/
--- check: good proved, line 2 refused, bad refused
theorem good : 1 = 1 := rfl
end
theorem bad : 1 = 2 := sorry
--- check: refused
theorem good : 1 = 1 := rfl
end
end
theorem t : 1 = 1 := rfl
--- check: refused
namespace A
theorem good : 1 = 1 := rfl
end B
theorem bad : 1 = 1 := rfl
--- check: proved
section
theorem good : 1 = 1 := rfl
end
section Named
theorem t : 1 = 1 := rfl
end Named
section
theorem last : 1 = 1 := rfl
