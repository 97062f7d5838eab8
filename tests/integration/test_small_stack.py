"""The library in a thread with a small stack, as a server with many threads would use it."""

from __future__ import annotations

import places
from harness import Case


class SmallStack(Case):
    def test_the_main_calls_need_no_more_than_128_kb(self) -> None:
        self.env.update(self.api.settings())
        result = self.run_command([str(places.small_stack())])
        self.assertEqual(result.code, 0, f"ended in: {result.out.splitlines()[-1:]}\n{result.err}")
        self.assertIn("account delete", result.out)
