/-
kind: statements up to the names of universes
title: levels that differ by more than names
-/
--- statements
theorem t.{u} (α : Type u) (x : ULift.{u} α) : x = x := sorry
--- solution: t refused
theorem t.{u} (α : Type u) (x : ULift.{u + 1} α) : x = x := rfl
--- solution: t refused
theorem t.{u} (α : Type (u + 1)) (x : ULift.{u + 1} α) : x = x := rfl
--- solution: t refused
theorem t.{u, v} (α : Type u) (x : ULift.{v} α) : x = x := rfl
--- solution: t proved
theorem t.{v} (α : Type v) (x : ULift.{v} α) : x = x := rfl
