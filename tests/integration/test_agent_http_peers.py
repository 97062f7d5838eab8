"""Who may ask the agent for what, and what the audit tells of it."""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path
from typing import Any

from agent_player import PlayerTest, eventually

# A user who runs nothing here: to the player it is its own, and who runs the tests is another one.
OWN = "own=54321"


class OtherUsers(PlayerTest):
    def allowed(self, scope: str) -> None:
        self.player = self.play(OWN, f"allow={os.getuid()}:{scope}")

    def test_another_user_may_have_nothing(self) -> None:
        self.player = self.play(OWN, "allow=7777:data:read")
        for target in ("/v1/token", "/v1/health", "/v1/status", "/v1/nothing", "/v1/token?x=1"):
            with self.subTest(target):
                told = self.refused(self.player.ask(target), 403, "forbidden")
                self.assertEqual(told["exit_code"], 10)

    def test_an_allowed_user_gets_its_scopes_and_none_beside_them(self) -> None:
        self.allowed("data:read data:create data:search")
        for scope in ("data%3Aread", "data:search,data:read", "data:create%20data:read%20data:search", "data:read+data:read"):
            self.assertEqual(self.player.ask(f"/v1/token?scope={scope}").status, 200, scope)
        for scope in ("data:write", "data:read+data:write", "data:rea", "data:read:x", "DATA:READ", "data:read%20*"):
            self.refused(self.player.ask(f"/v1/token?scope={scope}"), 403, "forbidden")

    def test_without_a_scope_the_profiles_must_be_among_them(self) -> None:
        self.allowed("data:read")
        self.refused(self.player.ask("/v1/token"), 403, "forbidden")
        self.refused(self.player.ask("/v1/token?scope="), 403, "forbidden")
        self.refused(self.player.ask("/v1/token?profile=slow-20"), 403, "forbidden")
        self.allowed("data:read data:write")
        self.assertEqual(self.player.ask("/v1/token").status, 200)
        self.assertEqual(self.player.ask("/v1/token?profile=slow-20").status, 200)

    def test_an_allowed_user_with_no_scopes_gets_none(self) -> None:
        self.allowed("")
        self.refused(self.player.ask("/v1/token"), 403, "forbidden")
        self.refused(self.player.ask("/v1/token?scope=data:read"), 403, "forbidden")
        self.assertEqual(self.player.ask("/v1/health").status, 200)

    def test_all_else_is_the_owners(self) -> None:
        self.allowed("data:read")
        self.assertEqual(self.player.ask("/v1/health").json, {"status": "ok"})
        for method, target in (("GET", "/v1/status"), ("GET", "/v1/metrics"), ("GET", "/v1/assertion"), ("POST", "/v1/lock"),
                               ("POST", "/v1/unlock"), ("GET", "/v1/nothing"), ("GET", "/")):  # fmt: skip
            with self.subTest(target):
                self.refused(self.player.ask(target, method), 403, "forbidden")

    def test_an_allowed_user_cannot_spend_the_budget_by_force(self) -> None:
        self.allowed("data:read data:write")
        for _ in range(2):
            self.assertEqual(self.player.ask("/v1/token?force=1").status, 200)
        answer = self.player.ask("/v1/token?force=1")
        told = self.refused(answer, 429, "rate_limited")
        self.assertIn(told["retry_after"], range(50, 62))
        self.assertEqual(self.player.ask("/v1/token").status, 200)


class Audit(PlayerTest):
    def lines(self, path: Path) -> list[Any]:
        return [json.loads(line) for line in path.read_text().splitlines()]

    def test_each_access_token_and_each_refusal_is_a_line_in_the_file(self) -> None:
        path = self.dir / "audit"
        player = self.play(f"audit=file:{path}")
        player.ask("/v1/token")
        player.ask("/v1/token?profile=slow-20&scope=data%3Acreate")
        player.ask("/v1/token?profile=fails-5-0-0&scope=data%3Aread")
        player.ask("/v1/assertion?scope=data%3Aread")
        player.ask("/v1/lock", "POST")
        player.ask("/v1/health")
        player.stop()
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        told = self.lines(path)
        self.assertEqual(
            [(t["event"], t["outcome"], t["profile"], t.get("scope")) for t in told],
            [
                ("token", "ok", "main", "data:read data:write"), ("token", "ok", "slow-20", "data:create"),
                ("token", "locked", "fails-5-0-0", "data:read"), ("assertion", "ok", "main", "data:read"),
                ("lock", "ok", "main", None),
            ],
        )  # fmt: skip
        for line in told:
            self.assertEqual((line["uid"], line["pid"]), (os.getuid(), os.getpid()))
            self.assertEqual(line["executable"], os.readlink("/proc/self/exe"))
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertGreaterEqual(told[1]["took_us"], 20000)
        self.assertNotIn("abcdefghij", path.read_text())

    def test_what_is_refused_is_told(self) -> None:
        path = self.dir / "audit"
        player = self.play(f"audit=file:{path}", OWN)
        player.ask("/v1/status")
        player.stop()
        self.assertEqual([(t["event"], t["outcome"]) for t in self.lines(path)], [("refused", "forbidden")])

    def test_another_user_cannot_fill_the_disk_by_what_is_refused(self) -> None:
        path = self.dir / "audit"
        player = self.play(f"audit=file:{path}", OWN)
        for _ in range(100):
            player.ask("/v1/status")
        player.stop()
        told = self.lines(path)
        self.assertIn(len(told), range(11, 70))
        self.assertEqual(sum(t.get("lines", 1) for t in told), 100)

    def test_a_file_that_was_renamed_is_made_anew(self) -> None:
        path = self.dir / "audit"
        player = self.play(f"audit=file:{path}")
        player.ask("/v1/token")
        eventually(lambda: path.stat().st_size > 0, "the line is there")
        path.rename(self.dir / "audit.1")
        player.say("reopen")
        eventually(path.exists, "the file is there")
        player.ask("/v1/token?scope=data:create")
        player.stop()
        self.assertEqual([t["scope"] for t in self.lines(path)], ["data:create"])
        self.assertEqual(len(self.lines(self.dir / "audit.1")), 1)

    def test_lines_that_cannot_be_written_are_counted(self) -> None:
        # Where a file's size has a limit, the writer meets EFBIG, as it would ENOSPC.
        path = self.dir / "audit"
        path.write_text("x" * 1000 + "\n")
        player = self.play(f"audit=file:{path}", "limit=1100")
        for _ in range(5):
            player.ask("/v1/token")
        eventually(lambda: path.stat().st_size == 1100, "the file is full")
        path.rename(self.dir / "audit.1")
        player.say("reopen")
        eventually(lambda: path.exists() and path.stat().st_size > 0, "it is told")
        player.ask("/v1/token")
        player.stop()
        told = self.lines(path)
        self.assertIn("lost", [t["event"] for t in told])
        self.assertEqual(sum(t.get("lines", 1) for t in told), 6)

    def test_a_link_and_what_is_no_file_are_refused(self) -> None:
        target = self.dir / "target"
        (self.dir / "link").symlink_to(target)
        os.mkfifo(self.dir / "fifo")
        for name in ("link", "fifo", ".", "missing/audit"):
            with self.subTest(name), self.assertRaisesRegex(AssertionError, "the audit's file"):
                self.play(f"audit=file:{self.dir / name}")
        self.assertFalse(target.exists())

    def datagrams(self, kind: str) -> list[str]:
        path = self.dir / kind
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sink:
            sink.bind(str(path))
            sink.settimeout(20)
            player = self.play(f"audit={kind}:{path}")
            player.ask("/v1/token")
            player.ask("/v1/token?profile=none")
            got = [sink.recv(65536).decode() for _ in range(2)]
            player.stop()
        return got

    def test_the_journal_gets_its_own_protocol(self) -> None:
        for got, outcome in zip(self.datagrams("journal"), ("ok", "unknown_profile"), strict=True):
            self.assertTrue(got.endswith("\n"))
            fields = dict(line.split("=", 1) for line in got.splitlines())
            self.assertEqual((fields["PRIORITY"], fields["SYSLOG_IDENTIFIER"]), ("6", "ssa-hsm-agent"))
            self.assertEqual(json.loads(fields["MESSAGE"])["outcome"], outcome)

    def test_syslog_gets_a_line(self) -> None:
        for got in self.datagrams("syslog"):
            found = re.fullmatch(r"<86>ssa-hsm-agent: (\{.*\})", got)
            assert found is not None, got
            self.assertEqual(json.loads(found[1])["event"], "token")

    def test_where_nobody_listens_lines_go_to_standard_error(self) -> None:
        player = self.play(f"audit=journal:{self.dir / 'nobody'}")
        player.ask("/v1/token")
        self.assertEqual(json.loads(player.stop())["event"], "token")
