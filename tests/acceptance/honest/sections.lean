section

variable {α : Type} (f : α → α)

theorem twice (x : α) (h : ∀ y, f y = y) : f (f x) = x := by
  rw [h, h]

def iter (n : Nat) (x : α) : α :=
  match n with
  | 0 => x
  | k + 1 => f (iter k x)

theorem iter_zero (x : α) : iter f 0 x = x := rfl

theorem iter_fixed (n : Nat) (x : α) (h : f x = x) : iter f n x = x := by
  induction n with
  | zero => exact iter_zero f x
  | succ k ih =>
    show f (iter f k x) = x
    rw [ih, h]

end
