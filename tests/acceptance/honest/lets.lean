theorem let_one : let x := 3; x = 3 := by
  intro x
  rfl

theorem have_one (n : Nat) : have m := n + 1; n < m := Nat.lt_succ_self n

def poly (x : Nat) : Nat :=
  let y := x * x
  have z := y + x
  z + y

theorem poly_two : poly 2 = 10 := rfl

theorem inner (n : Nat) : n ≤ n + 2 := by
  let m := n + 2
  have h : n ≤ m := by
    show n ≤ n + 2
    omega
  exact h
