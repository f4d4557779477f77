inductive Star {α : Type} (r : α → α → Prop) : α → α → Prop where
  | refl (a : α) : Star r a a
  | step {a b c : α} (h : r a b) (t : Star r b c) : Star r a c

theorem star_trans {α : Type} {r : α → α → Prop} {a b c : α} (h : Star r a b) (g : Star r b c) : Star r a c := by
  induction h with
  | refl a => exact g
  | step h t ih => exact .step h (ih g)

theorem star_one {α : Type} {r : α → α → Prop} {a b : α} (h : r a b) : Star r a b := .step h (.refl b)

theorem star_snoc {α : Type} {r : α → α → Prop} {a b c : α} (h : Star r a b) (g : r b c) : Star r a c :=
  star_trans h (star_one g)

theorem no_star (a b : Nat) (h : Star (fun _ _ => False) a b) : a = b := by
  cases h with
  | refl => rfl
  | step h _ => exact h.elim
