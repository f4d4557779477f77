/-
kind: holes in every place
title: holes in `mutual`, `where`, `let rec`, instances, `calc`, `match`, below `<;>`
-/
--- prove: proved
mutual
theorem a (n : Nat) : n + 0 = n := by sorry
theorem b (n : Nat) : 0 + n = n := by sorry
end
theorem c (n : Nat) : n = n := aux n
where
  aux (n : Nat) : n = n := by sorry
theorem d (a b c : Nat) (h : a = b) (g : b = c) : a = c :=
  calc
    a = b := by sorry
    _ = c := by sorry
theorem e (n : Nat) : n = n := by
  cases n <;> sorry
theorem f (p q : Prop) (hp : p) (hq : q) : p ∧ q := ⟨sorry, by sorry⟩
theorem g : ∀ n : Nat, n = n := fun n => sorry
theorem h (n : Nat) : n * 1 = n :=
  match n with
  | 0 => sorry
  | k + 1 => by
    sorry
--- prove: a refused, d refused, c refused, e refused
mutual
theorem a (n : Nat) : n + 1 = n := by sorry
theorem b (n : Nat) : 0 + n = n := by sorry
end
theorem c (n : Nat) : n = n := rfl
where
  aux (n : Nat) : n = n + 1 := by sorry
theorem d (a b c : Nat) (h : a = b) (g : b = c) : a = c + 1 :=
  calc
    a = b := by sorry
    _ = c + 1 := by sorry
theorem e (n : Nat) : n = n * n := by
  cases n <;> sorry
