"""The index of a library's theorems, on libraries small enough to know the answer."""

from search.premises import Library, Row

SYMBOLS = ["Eq", "Add", "Mul", "Gcd", "List"]
EQ, ADD, MUL, GCD, LIST = range(5)


def row(*parts: str | int) -> Row:
    return parts


ROWS: list[Row] = [
    ["add_comm", EQ, EQ, ADD],
    ["mul_comm", EQ, EQ, MUL],
    ["mul_add", EQ, EQ, ADD, MUL],
    ["gcd_mul", EQ, EQ, GCD, MUL],
    ["gcd_comm", EQ, EQ, GCD],
    *(row(f"other{i}", EQ, EQ, LIST) for i in range(40)),
]
LIBRARY = Library(SYMBOLS, [("Numbers", ROWS[:3]), ("Gcd", ROWS[3:])])


def names(*constants: str, most: int = 8, without: tuple[str, ...] = ()) -> list[str]:
    return [entry.name for entry in LIBRARY.ranked(constants, most, without)]


def test_theorems_about_the_same_come_first() -> None:
    assert names("Eq", "Gcd", "Mul", most=2) == ["gcd_mul", "gcd_comm"]
    assert names("Eq", "Add", "Mul", most=1) == ["mul_add"]


def test_what_everything_has_tells_nothing() -> None:
    assert names("Eq") == []
    assert names() == []


def test_constants_that_the_library_does_not_know_make_all_of_it_far() -> None:
    assert names("Tree", "Tree.mirror") == []
    assert "add_comm" in names("Eq", "Add")
    assert names("Eq", "Add", *(f"Tree.{i}" for i in range(10))) == []


def test_a_theorem_can_be_left_out_and_another_takes_its_place() -> None:
    assert names("Eq", "Gcd", most=1) == ["gcd_comm"]
    assert names("Eq", "Gcd", most=1, without=("gcd_comm",)) == ["gcd_mul"]


def test_an_entry_tells_where_it_is_from_and_what_it_ends_in() -> None:
    (entry,) = LIBRARY.ranked(["Gcd"], 1)
    assert (entry.module, entry.head) == ("Gcd", "Eq")
    assert "gcd_comm" in LIBRARY and "Gcd" not in LIBRARY and len(LIBRARY) == len(ROWS)


def test_an_empty_library_has_nothing() -> None:
    assert Library([], []).ranked(["Eq"], 8) == []
