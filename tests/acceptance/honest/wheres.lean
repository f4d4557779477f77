theorem outer (n : Nat) : n + 0 = n := aux n
where
  aux (k : Nat) : k + 0 = k := rfl

theorem rec_inside (n : Nat) : n = n := by
  let rec go (k : Nat) : k = k := rfl
  exact go n

def fact (n : Nat) : Nat := go n 1
where
  go : Nat → Nat → Nat
    | 0, acc => acc
    | k + 1, acc => go k (acc * (k + 1))

theorem fact_three : fact 3 = 6 := rfl
