/-! Loose statements of arithmetic, logic and lists, for `bench_definitions.py`. -/

theorem loose_01 (a b c : Nat) : a + b + c = c + b + a := by sorry
theorem loose_02 (a b c : Nat) (h : a ≤ b) : a * c ≤ b * c := by sorry
theorem loose_03 (n : Nat) : n * (n + 1) % 2 = 0 := by sorry
theorem loose_04 (n : Nat) (h : 0 < n) : n - 1 + 1 = n := by sorry
theorem loose_05 (a b : Int) : (a + b) * (a - b) = a * a - b * b := by sorry
theorem loose_06 (a b : Int) (h : a < b) : a + 1 ≤ b := by sorry
theorem loose_07 (n : Nat) : n < 2 ^ n := by sorry
theorem loose_08 (n : Nat) (h : n % 4 = 3) : n % 2 = 1 := by sorry
theorem loose_09 (a b : Nat) (h : a ∣ b) : a ∣ b * b := by sorry
theorem loose_10 (a b c : Nat) (h : a ∣ b) (k : a ∣ c) : a ∣ b + c := by sorry
theorem loose_11 (x y : Int) (h : x + y = 10) (k : x - y = 4) : x = 7 := by sorry
theorem loose_12 (a b : Nat) : max a b = max b a := by sorry
theorem loose_13 (a b : Nat) : min a b ≤ a := by sorry
theorem loose_14 (n : Nat) : (n + 1) ^ 2 = n ^ 2 + 2 * n + 1 := by sorry
theorem loose_15 (a b : Nat) (h : a * b = 1) : a = 1 := by sorry
theorem loose_16 (p q : Prop) : p ∧ q → q ∧ p := by sorry
theorem loose_17 (p q : Prop) : p ∨ q → q ∨ p := by sorry
theorem loose_18 (p q r : Prop) : p ∧ (q ∨ r) ↔ (p ∧ q) ∨ (p ∧ r) := by sorry
theorem loose_19 (p q : Prop) : ¬(p ∨ q) ↔ ¬p ∧ ¬q := by sorry
theorem loose_20 (p q : Prop) (h : p → q) : ¬q → ¬p := by sorry
theorem loose_21 (p : Prop) : ¬¬p ↔ p := by sorry
theorem loose_22 (α : Type) (P Q : α → Prop) (h : ∀ x, P x → Q x) (k : ∃ x, P x) : ∃ x, Q x := by sorry
theorem loose_23 (α : Type) (P : α → Prop) : (¬∃ x, P x) ↔ ∀ x, ¬P x := by sorry
theorem loose_24 (α : Type) (P Q : α → Prop) : (∀ x, P x ∧ Q x) ↔ (∀ x, P x) ∧ ∀ x, Q x := by sorry
theorem loose_25 (α : Type) (r : α → α → Prop) (s : ∀ x y, r x y → r y x) (a b : α) : r a b ↔ r b a := by sorry
theorem loose_26 (p q r : Prop) (h : p → q ∨ r) (k : ¬q) : p → r := by sorry
theorem loose_27 (α : Type) (f : α → α) (h : ∀ x, f (f x) = x) (x y : α) (e : f x = f y) : x = y := by sorry
theorem loose_28 (α : Type) (xs : List α) : xs ++ [] = xs := by sorry
theorem loose_29 (α : Type) (xs ys : List α) : (xs ++ ys).length = ys.length + xs.length := by sorry
theorem loose_30 (α : Type) (xs : List α) : xs.reverse.reverse = xs := by sorry
theorem loose_31 (α β : Type) (f : α → β) (xs ys : List α) : (xs ++ ys).map f = xs.map f ++ ys.map f := by sorry
theorem loose_32 (α : Type) (xs : List α) (h : xs.length = 0) : xs = [] := by sorry
theorem loose_33 (α : Type) (x : α) (xs ys : List α) : x ∈ xs ++ ys ↔ x ∈ xs ∨ x ∈ ys := by sorry
theorem loose_34 (α β γ : Type) (f : α → β) (g : β → γ) (xs : List α) : (xs.map f).map g = xs.map (fun x => g (f x)) := by sorry
theorem loose_35 (α : Type) (n : Nat) (xs : List α) : xs.take n ++ xs.drop n = xs := by sorry
theorem loose_36 (α : Type) (p : α → Bool) (xs : List α) : (xs.filter p).length ≤ xs.length := by sorry
theorem loose_37 (α : Type) (xs : List α) : (xs.map (fun _ => 1)).sum = xs.length := by sorry
theorem loose_38 (α : Type) (x y : α) (xs : List α) (h : x :: xs = [y]) : x = y ∧ xs = [] := by sorry
theorem loose_39 (xs ys : List Nat) : (xs ++ ys).sum = ys.sum + xs.sum := by sorry
theorem loose_40 (α : Type) (n : Nat) (x : α) : (List.replicate n x).reverse = List.replicate n x := by sorry
