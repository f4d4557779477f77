def double (n : Nat) : Nat := n + n

def square (n : Nat) : Nat :=
  let m := n
  m * n

theorem double_eq (n : Nat) : double n = 2 * n := by
  unfold double
  omega

theorem square_eq (n : Nat) : square n = n * n := rfl

theorem double_square (n : Nat) : double (square n) = 2 * (n * n) := by
  rw [double_eq, square_eq]

abbrev four : Nat := double 2

theorem four_eq : four = 4 := rfl
