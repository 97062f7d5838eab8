"""A copy of the audit trail for the system's log: SSA_HSM_AUDIT."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import time
from pathlib import Path
from typing import Any

from fault_support import CREATE, FaultCase
from harness import SLOW

MESSAGE = re.compile(rb"\A<(\d+)>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ssa-hsm\[\d+\]: (\{.*\})(\n?)\Z", re.S)
NOTICE, WARNING = 85, 84  # authpriv's


class Syslog(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = self.dir / "log"
        self.env["SSA_HSM_AUDIT"] = f"syslog:{self.path}"

    def listen(self, kind: int = socket.SOCK_DGRAM) -> socket.socket:
        log = socket.socket(socket.AF_UNIX, kind)
        self.addCleanup(log.close)
        log.bind(str(self.path))
        log.settimeout(10)
        return log

    def parsed(self, message: bytes) -> tuple[int, dict[str, Any]]:
        match = MESSAGE.match(message)
        assert match, message
        self.assertNotIn(self.api.secret.encode(), message)
        return int(match[1]), json.loads(match[2])

    def received(self, log: socket.socket) -> list[tuple[int, dict[str, Any]]]:
        """What has come until now."""
        messages = []
        log.setblocking(False)
        try:
            while True:
                messages.append(self.parsed(log.recv(65536)))
        except BlockingIOError:
            return messages

    def history(self) -> list[dict[str, Any]]:
        return list(json.loads(self.expect(self.run_program("history", "--json"), 0).out))

    @property
    def folder(self) -> Path:
        return self.state / "ssa-hsm" / "history"

    def test_each_entry_comes_as_the_history_has_it(self) -> None:
        log = self.listen()
        self.expect(self.run_program(*CREATE), 0)
        kid = self.profile()["KEY_ID"]
        self.expect(self.run_program("key", "disable", kid), 0)
        messages = self.received(log)
        self.assertEqual([level for level, _ in messages], [NOTICE, NOTICE])
        self.assertEqual([entry for _, entry in messages], self.history())
        hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(self.folder.iterdir())]
        self.assertEqual([entry["sha256"] for _, entry in messages], hashes)
        self.assertEqual([entry["previous"] for _, entry in messages], [None, hashes[0]])
        chain = json.loads(self.expect(self.run_program("history", "--verify", "--json"), 0).out)
        self.assertEqual(chain["lastSha256"], messages[-1][1]["sha256"])

    def test_a_failure_is_a_warning(self) -> None:
        log = self.listen()
        self.expect(self.run_program(*CREATE), 0)
        self.received(log)
        self.api.fault("status", method="PATCH", path="*/keys/*", status=403)
        self.expect(self.run_program("key", "disable", self.profile()["KEY_ID"]), 10)
        [(level, entry)] = self.received(log)
        self.assertEqual((level, entry["operation"], entry["outcome"]), (WARNING, "key disable", "failed"))

    def test_tokens_and_listings_send_nothing(self) -> None:
        log = self.listen()
        self.expect(self.run_program(*CREATE), 0)
        self.received(log)
        for command in (["token"], ["key", "list"], ["history"], ["account", "create", "a"]):
            self.run_program(*command)
        self.assertEqual(self.received(log), [])

    def test_a_stream_gets_messages_that_end_with_a_nul(self) -> None:
        log = self.listen(socket.SOCK_STREAM)
        log.listen()
        self.expect(self.run_program(*CREATE), 0)
        peer, _ = log.accept()
        with peer:
            text = peer.makefile("rb").read()
        self.assertEqual(text.count(b"\0"), 1)
        self.assertEqual([self.parsed(text.rstrip(b"\0"))[1]], self.history())

    def test_from_the_profile(self) -> None:
        log = self.listen()
        setting = self.env.pop("SSA_HSM_AUDIT")
        self.expect(self.run_program(*CREATE), 0)
        self.assertEqual(self.received(log), [])
        self.profile_path().write_text(self.profile_path().read_text() + f"SSA_HSM_AUDIT='{setting}'\n")
        self.expect(self.run_program("key", "rotate"), 0)
        self.expect(self.run_program("key", "rotate", "--finish"), 0)
        self.assertEqual([entry["operation"] for _, entry in self.received(log)], ["key rotate"])
        self.assertIn(setting, self.profile_path().read_text(), "rotation dropped a setting of the profile's")

    def test_nobody_listens(self) -> None:
        self.expect(self.run_program(*CREATE), 0, "warning: entry 1 ", str(self.path), "(No such file or directory)")
        self.assertEqual([entry["outcome"] for entry in self.history()], ["done"])
        self.listen().close()
        kid = self.profile()["KEY_ID"]
        self.expect(self.run_program("key", "disable", kid), 0, "warning: entry 2 ", "(Connection refused)")

    def test_one_who_does_not_read_is_not_waited_for(self) -> None:
        self.listen()
        full = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(full.close)
        full.connect(str(self.path))
        full.setblocking(False)
        try:
            while True:
                full.send(b"x")
        except BlockingIOError:
            pass
        before = time.monotonic()
        self.expect(self.run_program(*CREATE), 0, "warning: entry 1 ", "(Resource temporarily unavailable)")
        self.assertLess(time.monotonic() - before, 10 * SLOW)

    def test_one_that_cannot_be_put_away_comes_again(self) -> None:
        log = self.listen()
        self.expect(self.run_program(*CREATE), 0)
        self.received(log)
        kid = self.profile()["KEY_ID"]
        self.folder.chmod(0o500)
        self.expect(self.run_program("key", "disable", kid), 0, "warning", "cannot be closed", "Permission denied")
        [first] = self.received(log)
        self.folder.chmod(0o700)
        self.expect(self.run_program("key", "enable", kid), 0)
        again, other = self.received(log)
        self.assertEqual(again, first)
        self.assertEqual(other[1]["previous"], first[1]["sha256"])
        self.assertEqual([entry for _, entry in [again, other]], self.history()[1:])

    def test_another_value_is_refused_before_anything_is_done(self) -> None:
        for value in ("yes", "syslogd", "syslog:", "syslog:relative", "file:/dev/log", f"syslog:/{'x' * 107}"):
            result = self.run_program(*CREATE, env={"SSA_HSM_AUDIT": value})
            self.expect(result, 3, "SSA_HSM_AUDIT", "syslog:SOCKET", out="")
        self.assertEqual(self.api.asked(), [])
