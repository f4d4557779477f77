def injective {α β : Type} (f : α → β) : Prop := ∀ x y, f x = f y → x = y

theorem injective_id {α : Type} : injective (fun x : α => x) := fun _ _ h => h

theorem injective_comp {α β γ : Type} (g : β → γ) (f : α → β) (hg : injective g) (hf : injective f) :
    injective (fun x => g (f x)) := by
  intro x y h
  apply hf
  apply hg
  exact h

theorem injective_succ : injective Nat.succ := by
  intro x y h
  exact Nat.succ.inj h

theorem injective_twice : injective (fun n => Nat.succ (Nat.succ n)) :=
  injective_comp Nat.succ Nat.succ injective_succ injective_succ
