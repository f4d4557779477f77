def parity : Setoid Nat where
  r a b := a % 2 = b % 2
  iseqv := ⟨fun _ => rfl, fun h => h.symm, fun h g => h.trans g⟩

def Parity : Type := Quotient parity

def Parity.mk (n : Nat) : Parity := Quotient.mk parity n

theorem mk_two : Parity.mk 2 = Parity.mk 0 := Quotient.sound rfl

theorem mk_add (n : Nat) : Parity.mk (n + 2) = Parity.mk n := by
  apply Quotient.sound
  show (n + 2) % 2 = n % 2
  omega

theorem mk_four : Parity.mk 4 = Parity.mk 0 := by
  rw [show 4 = 2 + 2 from rfl, mk_add, mk_two]
