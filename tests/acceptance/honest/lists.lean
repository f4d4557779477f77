def sum : List Nat → Nat
  | [] => 0
  | x :: xs => x + sum xs

theorem sum_append (xs ys : List Nat) : sum (xs ++ ys) = sum xs + sum ys := by
  induction xs with
  | nil => simp [sum]
  | cons x xs ih =>
    simp only [List.cons_append, sum, ih]
    omega

theorem sum_reverse (xs : List Nat) : sum xs.reverse = sum xs := by
  induction xs with
  | nil => rfl
  | cons x xs ih => rw [List.reverse_cons, sum_append, ih]; simp only [sum]; omega

theorem sum_nil : sum [] = 0 := rfl

theorem length_map' (f : Nat → Nat) (xs : List Nat) : (xs.map f).length = xs.length := by
  simp
