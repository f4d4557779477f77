/-
kind: declarations of every form
title: proofs by every means
-/
--- check: proved
theorem eqns : ∀ n : Nat, n + 0 = n
  | 0 => rfl
  | _ + 1 => rfl
theorem byMatch (p q : Prop) (h : p ∨ q) : q ∨ p := match h with
  | .inl hp => .inr hp
  | .inr hq => .inl hq
theorem byCalc (a b c : Nat) (h : a = b) (g : b = c) : a = c := calc
  a = b := h
  _ = c := g
theorem byInduction (n : Nat) : 0 + n = n := by
  induction n with
  | zero => rfl
  | succ k ih => rw [← Nat.add_assoc, ih]
theorem bySimp (xs : List Nat) : (xs ++ []).length = xs.length := by simp
theorem byOmega (a b : Nat) (h : a < b) : a + 1 ≤ b := by omega
theorem byDecide : ∀ x : Fin 5, x.val < 5 := by decide
theorem byGrind (a b : Nat) (h : a = b) : b = a := by grind
theorem byConv (a b : Nat) : a + b = b + a := by conv => lhs; rw [Nat.add_comm]
theorem byClassical (p : Prop) : p ∨ ¬ p := Classical.em p
theorem byWf (n : Nat) : n < n + 1 := by
  have h : ∀ k, k ≤ n → k < n + 1 := fun k hk => Nat.lt_succ_of_le hk
  exact h n (Nat.le_refl n)
theorem byStructural (xs : List Nat) : xs.length ≥ 0 := by
  match xs with
  | [] => exact Nat.zero_le _
  | _ :: _ => exact Nat.zero_le _
theorem byFun : (fun n : Nat => n + 0) = id := funext fun _ => rfl
theorem bySubst (a b : Nat) (h : a = b) : a + 1 = b + 1 := h ▸ rfl
theorem byStrings : "é∀𝔸".length = 3 := by decide
theorem byHuge : 123456789012345678901234567890 + 1 = 123456789012345678901234567891 := rfl
--- check: bySimp refused, byDecide refused, byWf refused
theorem bySimp (xs : List Nat) : (xs ++ [1]).length = xs.length := by
  simp
  sorry
theorem byDecide : ∀ x : Fin 5, x.val < 4 := by decide
theorem byWf (n : Nat) : n < n := by
  have h : ∀ k, k ≤ n → k < n := fun k hk => by sorry
  exact h n (Nat.le_refl n)
theorem byOmega (a b : Nat) (h : a < b) : a + 1 ≤ b := by omega
