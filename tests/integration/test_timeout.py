"""--timeout N: a command that cannot be done ends after N seconds, whatever it waits for, and not much later."""

from __future__ import annotations

import time

from bad_module import BadModuleCase
from harness import SLOW

LIMIT = 3


class Timeout(BadModuleCase):
    def timed(self, code: int, *arguments: object, most: float = LIMIT + 0.6, env: dict[str, str] | None = None) -> None:
        began = time.monotonic()
        result = self.run_program(*arguments, "--timeout", LIMIT, env=env)
        took = time.monotonic() - began
        self.expect(result, code)
        self.assertLess(took, most * SLOW, result)

    def test_a_server_that_hangs(self) -> None:
        self.api.fault("hang", times=0)
        self.timed(8, "token")
        self.timed(8, "account", "list")
        self.timed(8, "key", "rotate", "--import", "plain")
        self.timed(8, "account", "provision", "--check")

    def test_a_server_that_hangs_after_the_access_token(self) -> None:
        self.api.fault("hang", skip=1, times=0)
        self.timed(8, "account", "list")
        self.api.control("POST", "clear")
        # Two requests of almost all the time each.
        self.api.fault("late", path="/token", seconds=2.0)
        self.api.fault("hang", path="/project/v1/hubs", times=0)
        self.timed(8, "account", "provision", "--check")

    def test_what_was_made_is_undone_in_a_part_of_the_time(self) -> None:
        self.api.fault("hang", path="/service-accounts/*", times=0)
        self.api.fault("hang", method="GET", times=0)
        create = ("account", "create", "service", "to-undo", "--import", "plain", "-p", "new")
        self.timed(13, *create, most=LIMIT * 4 / 3 + 0.6)

    def test_a_server_that_is_slow(self) -> None:
        self.api.fault("slow", delay=1.0, times=0)
        self.timed(8, "token")
        self.timed(8, "account", "list")

    def test_the_rate_limit(self) -> None:
        self.api.fault("status", status=429, headers={"Retry-After": "60"}, times=0)
        self.timed(11, "token", most=2)
        self.timed(11, "account", "list", most=2)

    def test_a_module_that_hangs(self) -> None:
        for function in ("C_GetFunctionList", "C_Initialize", "C_OpenSession", "C_Login", "C_Sign"):
            with self.subTest(function):
                self.timed(4, "token", env=self.bad(function, "hang"))
        for function in ("C_Logout", "C_Finalize"):
            with self.subTest(function):
                self.timed(0, "token", env=self.bad(function, "hang"))
