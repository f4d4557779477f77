inductive Vec (α : Type u) : Nat → Type u where
  | nil : Vec α 0
  | cons {n : Nat} (x : α) (xs : Vec α n) : Vec α (n + 1)

def Vec.toList {α : Type u} {n : Nat} : Vec α n → List α
  | .nil => []
  | .cons x xs => x :: xs.toList

theorem toList_length {α : Type u} {n : Nat} (v : Vec α n) : v.toList.length = n := by
  induction v with
  | nil => rfl
  | cons x xs ih => simp [Vec.toList, ih]

theorem toList_nil {α : Type u} : (Vec.nil : Vec α 0).toList = [] := rfl
