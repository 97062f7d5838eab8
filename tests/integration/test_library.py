"""The library in programs of other people: in a thread with a small stack, and in several threads at once."""

from __future__ import annotations

import places
from harness import Case


class Library(Case):
    def test_the_main_calls_need_no_more_than_128_kb_of_stack(self) -> None:
        self.env.update(self.api.settings())
        result = self.run_command([str(places.small_stack())])
        self.assertEqual(result.code, 0, f"ended in: {result.out.splitlines()[-1:]}\n{result.err}")
        self.assertIn("account delete", result.out)

    def test_threads_do_not_disturb_each_other(self) -> None:
        self.provisioned()
        with self.shim() as log:
            result = self.run_command([str(places.threads())])
        self.assertEqual(result.code, 0, str(result))
        # Each has a module of its own, and closes it: one for the access token, and one for each of five assertions.
        self.assertGreaterEqual(log.count("C_Initialize"), 36)
        self.assertEqual(log.count("C_Finalize"), log.count("C_Initialize"))
        self.assertEqual(log.count("C_Logout"), 36)
