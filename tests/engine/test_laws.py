"""Theorems about structures with laws of their own: groups, orders, lattices."""

from tests.lab import Lab, fill

GROUP = """
class Grp (G : Type) where
  op : G → G → G
  e : G
  inv : G → G
  assoc : ∀ a b c, op (op a b) c = op a (op b c)
  left_id : ∀ a, op e a = a
  left_inv : ∀ a, op (inv a) a = e

namespace Grp
"""


def test_a_group_with_laws_on_the_left(lab: Lab) -> None:
    text = (
        GROUP
        + """
theorem right_inv [Grp G] (a : G) : op a (inv a) = e := by sorry
theorem right_id [Grp G] (a : G) : op a e = a := by
  rw [← left_inv a, ← assoc, right_inv, left_id]
theorem inv_inv [Grp G] (a : G) : inv (inv a) = a := by sorry
theorem cancel [Grp G] (a b c : G) (h : op a b = op a c) : b = c := by sorry
"""
    )
    assert fill(lab, text).proved


def test_laws_that_are_hypotheses(lab: Lab) -> None:
    text = """
theorem right_inv {G : Type} (op : G → G → G) (e : G) (inv : G → G)
    (assoc : ∀ a b c, op (op a b) c = op a (op b c)) (idl : ∀ a, op e a = a)
    (invl : ∀ a, op (inv a) a = e) (a : G) : op a (inv a) = e := by
  sorry
"""
    assert fill(lab, text).proved


def test_structures_that_are_no_classes_and_classes_that_extend_others(lab: Lab) -> None:
    text = """
structure Lat (α : Type) where
  sup : α → α → α
  inf : α → α → α
  absorb₁ : ∀ a b, sup a (inf a b) = a
  absorb₂ : ∀ a b, inf a (sup a b) = a

theorem Lat.sup_idem (L : Lat α) (a : α) : L.sup a a = a := by sorry

class CMon (M : Type u) extends Mul M, One M where
  mul_assoc' : ∀ a b c : M, a * b * c = a * (b * c)
  mul_comm' : ∀ a b : M, a * b = b * a
  one_mul' : ∀ a : M, 1 * a = a

theorem interchange [CMon M] (a b c d : M) : (a * b) * (c * d) = (a * c) * (b * d) := by sorry
theorem one_unique [CMon M] (e : M) (h : ∀ a : M, e * a = a) : e = 1 := by sorry

class PO (α : Type u) where
  le : α → α → Prop
  refl : ∀ a, le a a
  trans : ∀ {a b c}, le a b → le b c → le a c
  antisymm : ∀ {a b}, le a b → le b a → a = b

theorem cycle [PO α] {a b c : α} (h : PO.le a b) (h1 : PO.le b c) (h2 : PO.le c a) : a = b := by
  sorry
"""
    assert fill(lab, text).proved
