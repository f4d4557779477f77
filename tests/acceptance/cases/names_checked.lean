/-
kind: names of every form
title: finished files with such names
-/
--- check: proved
theorem x._candidate : 1 = 1 := rfl
theorem «a theorem: sorry» : 1 = 1 := rfl
theorem A.b.«c.d» : 1 = 1 := rfl
theorem _root_.top : 1 = 1 := rfl
namespace N
protected theorem p : 1 = 1 := rfl
private theorem q : 1 = 1 := rfl
theorem «» : 1 = 1 := rfl
end N
theorem «with
a line» : 1 = 1 := rfl
theorem «→» : 1 = 1 := rfl
theorem a.«1» : 1 = 1 := rfl
--- check: x._candidate refused, N.p refused
theorem x._candidate : 1 = 2 := sorry
namespace N
protected theorem p : 1 = 2 := sorry
end N
--- statements
theorem x._candidate : 1 = 1 := sorry
theorem A.b.«c.d» : 1 = 1 := sorry
private theorem q : 1 = 1 := sorry
--- solution: proved
theorem x._candidate : 1 = 1 := rfl
theorem A.b.«c.d» : 1 = 1 := rfl
private theorem q : 1 = 1 := rfl
--- solution: refused
theorem x._candidate : 1 = 1 := rfl
theorem A.b.c.d : 1 = 1 := rfl
theorem q : 1 = 1 := rfl
