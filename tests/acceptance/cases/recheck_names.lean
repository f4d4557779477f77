/-
kind: the wrong theorem is judged
title: dotted and quoted names, and names that end alike
-/
--- statement
theorem Foo.bar : (1 : Nat) = 2
--- recheck: refused
theorem bar : (1 : Nat) = 2 := by sorry
theorem Foo.baz : (1 : Nat) = 1 := rfl
--- statement
theorem Foo.«bar baz» : (1 : Nat) = 1
--- claim: proved
rfl
--- recheck: proved
namespace Foo
theorem «bar baz» : (1 : Nat) = 1 := rfl
end Foo
