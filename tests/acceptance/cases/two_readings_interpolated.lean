/-
kind: one text, two readings
title: an interpolated string over two lines, which may be a tactic for one reader and commands for another
-/
--- tactics
exact absurd (s!"{
theorem helper : False := sorry
" = "x") (by decide)
%%
trace s!"{1}
theorem cheat : (1 : Nat) = 2 := sorry"
skip
%%
skip
theorem cheat : (1 : Nat) = 2 := by sorry
%%
exact (by exact cheat)
end
theorem other : True := trivial
--- prove: t refused
theorem t : (1 : Nat) = 2 := by sorry
--- tactics
trace s!"{1}
--"
rfl
%%
rfl
--- prove: t proved
theorem t : (1 : Nat) = 1 := by sorry
