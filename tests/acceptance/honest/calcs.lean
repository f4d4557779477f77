theorem calc_one (a b c : Nat) (h : a = b) (g : b = c) : a = c :=
  calc
    a = b := h
    _ = c := g

theorem calc_two (a b c : Nat) (h : a ≤ b) (g : b < c) : a < c := by
  calc
    a ≤ b := h
    _ < c := g

theorem calc_three (a b c d : Nat) (h : a = b) (g : b = c) (k : c = d) : a = d :=
  calc_one a c d (calc_one a b c h g) k
