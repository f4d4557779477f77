mutual
def isEven : Nat → Bool
  | 0 => true
  | n + 1 => isOdd n
def isOdd : Nat → Bool
  | 0 => false
  | n + 1 => isEven n
end

theorem even_zero : isEven 0 = true := by simp [isEven]

theorem even_succ (n : Nat) : isEven (n + 1) = isOdd n := by
  simp [isEven]

theorem one_odd : isOdd 1 = true := by
  simp [isOdd, even_zero]
