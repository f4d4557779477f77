structure Point where
  x : Int
  y : Int
deriving DecidableEq

def Point.add (p q : Point) : Point := ⟨p.x + q.x, p.y + q.y⟩

instance : Add Point := ⟨Point.add⟩

instance : Zero Point where
  zero := { x := 0, y := 0 }

theorem add_def (p q : Point) : p + q = ⟨p.x + q.x, p.y + q.y⟩ := rfl

theorem point_ext (p q : Point) (h : p.x = q.x) (g : p.y = q.y) : p = q := by
  cases p
  cases q
  simp_all

theorem point_comm (p q : Point) : p + q = q + p := by
  apply point_ext
  · exact Int.add_comm ..
  · exact Int.add_comm ..
