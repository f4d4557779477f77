inductive Color where
  | red
  | green
  | blue
deriving DecidableEq

def Color.next : Color → Color
  | .red => .green
  | .green => .blue
  | .blue => .red

theorem next_next_next (c : Color) : c.next.next.next = c := by
  cases c <;> rfl

theorem next_ne : ∀ c : Color, c.next ≠ c := by
  intro c
  cases c <;> decide

theorem small : ∀ n : Fin 20, n.val * n.val < 400 := by decide

theorem numbers : 2 ^ 10 = 1024 ∧ 17 % 5 = 2 := by decide
