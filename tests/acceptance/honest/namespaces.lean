namespace Geometry

def area (a b : Nat) : Nat := a * b

namespace Square

theorem area_self (a : Nat) : area a a = a * a := rfl

end Square

theorem area_comm (a b : Nat) : area a b = area b a := Nat.mul_comm a b

end Geometry

theorem outside (a : Nat) : Geometry.area a a = a * a := Geometry.Square.area_self a
