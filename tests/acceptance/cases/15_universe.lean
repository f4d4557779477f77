/-
kind: another statement
title: one universe in place of all
refused by: statement
-/
--- statement
theorem t.{u} : ∀ α : Type u, Nonempty (ULift.{u} (α → α))
--- bogus file
theorem t : ∀ α : Type, Nonempty (ULift.{0} (α → α)) := fun _ => ⟨⟨id⟩⟩
--- honest file
universe w
theorem t.{u} : ∀ α : Type u, Nonempty (ULift.{u} (α → α)) := fun _ => ⟨⟨id⟩⟩
