def f (n : Nat) : Nat := n + 3

theorem f_zero : f 0 = 3 := rfl

theorem f_succ (n : Nat) : f (n + 1) = f n + 1 := by
  simp [f]
  omega

theorem f_twice (n : Nat) : f (f n) = n + 6 := by
  simp [f]

theorem list_simp (xs ys : List Nat) : (xs ++ ys).length = ys.length + xs.length := by
  simp [Nat.add_comm]

theorem if_simp (p : Prop) [Decidable p] : (if p then 1 else 1) = 1 := by
  split
  · rfl
  · rfl
