from search.budget import Budget, Spent

WHOLE = Budget(expansions=10, heartbeats=7, seconds=3.0)


def test_a_part_has_at_least_one_of_each_and_the_same_time() -> None:
    assert WHOLE.part(4) == Budget(expansions=2, heartbeats=1, seconds=3.0)
    assert WHOLE.part(20) == Budget(expansions=1, heartbeats=1, seconds=3.0)


def test_what_is_left_is_less_by_what_was_spent() -> None:
    spent = Spent(expansions=4, tokens=50, heartbeats=9, seconds=2.0)
    assert WHOLE.left(spent) == Budget(expansions=6, heartbeats=1, seconds=3.0)
