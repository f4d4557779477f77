import MiniF2F.Test.sum_even
