/-
kind: declarations passed over
title: nested namespaces, ends with several parts, and the same last name
-/
--- check: A.B.t refused, B.t proved, A.t proved, t proved
namespace A
namespace B
theorem t : 1 = 2 := sorry
end B
theorem t : 1 = 1 := rfl
end A
namespace B
theorem t : 1 = 1 := rfl
end B
theorem t : 1 = 1 := rfl
--- check: A.B.t proved, A.t proved, t proved, A.u proved
namespace A.B
theorem t : 1 = 1 := rfl
end A.B
theorem A.t : 1 = 1 := rfl
namespace A
theorem _root_.t : 1 = 1 := rfl
theorem u : 1 = 1 := B.t
end A
