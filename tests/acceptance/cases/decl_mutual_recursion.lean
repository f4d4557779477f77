/-
kind: declarations passed over
title: mutual definitions with a theorem among them that is left open
-/
--- check: isEven proved, even_or_odd refused
mutual
def isEven : Nat → Bool
  | 0 => true
  | n + 1 => isOdd n
def isOdd : Nat → Bool
  | 0 => false
  | n + 1 => isEven n
end
mutual
theorem even_or_odd (n : Nat) : isEven n = true ∨ isOdd n = true := sorry
theorem zero_even : isEven 0 = true := by simp [isEven]
end
--- check: proved
mutual
def isEven : Nat → Bool
  | 0 => true
  | n + 1 => isOdd n
def isOdd : Nat → Bool
  | 0 => false
  | n + 1 => isEven n
end
mutual
theorem not_odd_zero : isOdd 0 = false := by simp [isOdd]
theorem zero_even : isEven 0 = true := by simp [isEven]
end
