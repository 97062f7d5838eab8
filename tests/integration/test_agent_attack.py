"""The agent among those who would break it: what others do at the same time, by accident or on purpose."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from agent_process import request
import places
from harness import PIN
from signer_link import until
from test_agent_cache import CacheCase

PROFILES = ("one", "two", "three")


class Several(CacheCase):
    def several(self) -> list[str]:
        """Profiles of one PKCS#11 token, whose module the environment names."""
        for name in PROFILES:
            values = {key: value.partition("?module-path")[0] for key, value in self.profile().items()}
            self.write_profile(values, name)
        return [word for name in PROFILES for word in ("--profile", name)]

    def test_a_wrong_pin_is_tried_once_for_all(self) -> None:
        wrong = self.dir / "wrong"
        wrong.touch(mode=0o600)
        wrong.write_text("00000000")
        words = self.several()
        with self.shim("pin tries 5") as log:
            agent = self.foreground(*words, env={"SSA_HSM_PIN_SOURCE": f"file:{wrong}"})
            agent.wait_for("the agent answers")
            for name in PROFILES:
                self.refused(423, "locked", profile=name)
                self.refused(423, "locked", profile=name)
            self.assertEqual(log.count("C_Login"), 1)

    def test_a_lock_waits_for_no_token_that_hangs(self) -> None:
        here = self.dir / "here"
        words = self.several()
        with self.shim(f"C_SignInit 1 touch {here} sleep 60000"):
            self.begin(*words)
            threads = [threading.Thread(target=self.ask, kwargs={"profile": name}) for name in PROFILES]
            for thread in threads:
                thread.start()
            until(here.exists, "nobody signs")
            began = time.monotonic()
            self.assertEqual(self.post("lock"), 200)
            self.assertLess(time.monotonic() - began, 12)
            for thread in threads:
                thread.join()
            for name in PROFILES:
                self.refused(423, "locked", profile=name)

    def test_a_profile_is_served_once(self) -> None:
        self.expect(self.run_program("agent", "--profile", "default", "--profile", "default"), 2, "named twice")


class Neighbours(CacheCase):
    """Two agents whose sockets are in one folder."""

    def test_each_has_its_own_pin_socket(self) -> None:
        self.env["SSA_HSM_PIN_SOURCE"] = ""
        self.begin("--locked")
        other = self.socket.parent / "other.sock"
        self.begin("--locked", "--socket", str(other))
        answers = [(r"PIN[^\n]*: ?$", PIN)]
        self.expect(self.typed("agent", "unlock", answers=answers), 0, "unlocked")
        self.assertTrue(self.is_locked(other))
        self.expect(self.typed("agent", "unlock", "--socket", other, answers=answers), 0, "unlocked")
        self.expect(self.run_program("agent", "stop", "--socket", other), 0)
        self.expect(self.run_program("agent", "lock"), 0)
        self.expect(self.typed("agent", "unlock", answers=answers), 0, "unlocked")

    def is_locked(self, path: Path) -> bool:
        return bool(request(path, "GET", "/v1/status")[1]["profiles"][0]["locked"])  # type: ignore[index]


class Lives(CacheCase):
    def fault(self, life: str) -> None:
        body = f'{{"access_token":"foreign","token_type":"Bearer"{life}}}'
        self.api.fault("status", path="/token", times=0, status=200, body=body)

    def test_an_unknown_life(self) -> None:
        self.fault("")
        self.begin()
        status, answer = self.ask()
        self.assertEqual((status, answer["access_token"], "expires_in" in answer), (200, "foreign", False), answer)
        self.assertEqual((self.ask()[0], self.exchanges()), (200, 2))

    def test_who_wants_all_of_its_life_does_not_use_up_the_requests(self) -> None:
        self.fault(',"expires_in":3600')
        self.begin()
        for _ in range(5):
            self.get(min_ttl=3600)
        self.assertEqual(self.exchanges(), 1)


class Memory(CacheCase):
    def test_memory_that_cannot_be_locked_is_told(self) -> None:
        program = self.argv("agent")[0]
        done = self.run_command([places.tool("sh"), "-c", f"ulimit -l 64; exec '{program}' agent"])
        self.expect(done, 0, "could be written to swap", "ulimit -l")
        self.note_agent(done.out)


class Bare(CacheCase):
    def test_without_standard_streams(self) -> None:
        command = f"'{self.argv('agent')[0]}' agent --foreground <&- >&- 2>&- & echo SSA_HSM_AGENT_PID=$!"
        self.note_agent(self.run_command([places.tool("sh"), "-c", command]).out)
        self.wait_answer(self.socket)
        self.assertEqual(self.post("unlock"), 200)
        self.get()
