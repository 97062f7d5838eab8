"""Callers of the agent who are slow, greedy, or do not speak HTTP: each is bounded, and the others are served on."""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import time

import places
from agent_player import Connection, Player, PlayerTest, eventually, hasty, within

SHARE_OWN = 2048
SHARE_STRANGERS = 16
TOKEN = b"GET /v1/token HTTP/1.1\r\nHost: agent\r\n\r\n"


def is_closed(sock: socket.socket) -> bool:
    """Whether the agent has closed it; what it sent before is thrown away."""
    readable = select.poll()  # select cannot do with numbers beyond 1,023
    readable.register(sock, select.POLLIN)
    while readable.poll(0):
        try:
            if not sock.recv(1 << 20):
                return True
        except ConnectionError:
            return True
    return False


class Hostile(PlayerTest):
    def served(self, player: Player | None = None) -> None:
        with within(1):
            self.assertEqual((player or self.player).ask("/v1/token").status, 200)

    def test_garbage(self) -> None:
        for text in (
            b"GET\r\n\r\n", b"GET /v1/token\r\n\r\n", b"\xff" * 1000 + b"\r\n\r\n", b"GET /v1/token HTTP/9.9\r\n\r\n",
            b"GET /v1/token HTTP/1.1\r\nbad header\r\n\r\n", b"GET /v1/token\x00?x=1 HTTP/2.0\r\nHost: a\r\n\r\n",
            b"GET http://agent/v1/token HTTP/1.1\r\nHost: a\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET /v1/token?" + b"&" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            b"HEAD /v1/token HTTP/1.1\r\nHost: a\r\n\r\n",
            b"POST /v1/lock HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
            b"POST /v1/lock HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
            b"POST /v1/lock HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n",
        ):  # fmt: skip
            with self.subTest(text[:40]), self.player.plain() as sock:
                sock.sendall(text)
                sock.shutdown(socket.SHUT_WR)
                got = b""
                with contextlib.suppress(ConnectionError):
                    while more := sock.recv(65536):
                        got += more
                self.assertRegex(got[:12], rb"^(HTTP/1.1 4\d\d|HTTP/1.1 5\d\d|)$")
                self.served()
        self.assertEqual(self.player.ask("/v1/health").json, {"status": "ok"}, "nothing of this has locked it")

    def test_what_has_no_end_waits_for_it(self) -> None:
        for text in (b"\r\n" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, b"GET /v1/token"):
            with self.subTest(text[:40]), self.player.plain() as sock:
                sock.sendall(text)
                self.served()
                self.assertEqual(select.select([sock], [], [], 0)[0], [])

    def test_oversized_headers_and_bodies(self) -> None:
        for head in (b"GET /v1/token HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100000, b"GET /" + b"x" * 100000,
                     b"GET /v1/token HTTP/1.1\r\n" + b"A: b\r\n" * 20000,
                     b"POST /v1/lock HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 1000000):  # fmt: skip
            with self.subTest(head[:40]), self.player.plain() as sock:
                with contextlib.suppress(ConnectionError):
                    sock.sendall(head)
                got = b""
                with contextlib.suppress(ConnectionError):
                    got = sock.recv(65536)
                self.assertRegex(got[:12], rb"^(HTTP/1.1 4\d\d)?$")
                eventually(lambda s=sock: is_closed(s), "it is closed")
                self.served()

    def test_one_who_never_reads(self) -> None:
        player = self.play(env=hasty(15))
        with contextlib.ExitStack() as stack:
            greedy = [stack.enter_context(player.plain()) for _ in range(20)]
            for sock in greedy:
                sock.setblocking(False)
                # Until neither side takes any more.
                with contextlib.suppress(BlockingIOError):
                    while True:
                        sock.send(TOKEN * 100)
            self.served(player)
            # 30 seconds of the player's.
            eventually(lambda: all(self.cannot_send(sock) for sock in greedy), "they are ended")
            self.served(player)

    def cannot_send(self, sock: socket.socket) -> bool:
        try:
            sock.send(b"x")
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        return False

    def test_pipelined_requests_are_answered_in_their_order(self) -> None:
        with self.player.plain() as sock:
            sock.sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\nGET /v1/token?profile=slow-50 HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
            sock.shutdown(socket.SHUT_WR)
            got = b""
            while more := sock.recv(65536):
                got += more
        self.assertEqual(got.count(b"HTTP/1.1 200 OK"), 40)
        bodies = [part.split(b"\r\n\r\n", 1)[1][:10] for part in got.split(b"HTTP/1.1 200 OK")[1:]]
        self.assertEqual(bodies, [b'{"status":', b'{"access_t'] * 20)

    def test_idle_and_trickling_connections_are_ended(self) -> None:
        player = self.play(env=hasty(20))
        with player.plain() as idle, player.plain() as trickling, player.plain() as used:
            began = time.monotonic()
            closed: set[socket.socket] = set()
            while len(closed) < 2:
                for sock in (idle, trickling):
                    if sock not in closed and is_closed(sock):
                        closed.add(sock)
                if trickling not in closed:
                    with contextlib.suppress(ConnectionError):
                        trickling.send(b"G" if time.monotonic() - began < 0.1 else b"E")
                used.sendall(TOKEN)
                self.assertIn(b"200 OK", used.recv(65536))
                self.assertLess(time.monotonic() - began, 20)
                time.sleep(0.05)
            # 60 seconds of the player's.
            self.assertGreater(time.monotonic() - began, 2.5)

    def test_ten_thousand_connections_of_one_user(self) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 12000), most))
        with contextlib.ExitStack() as stack:
            used = Connection(self.player.path)
            used.request("GET", "/v1/token?profile=slow-4000")
            held = []
            for _ in range(min(most, 12000) - 1500):
                held.append(stack.enter_context(self.player.plain()))
            with within(5):
                self.assertEqual(self.player.ask("/v1/token").status, 200)
            values = self.metrics()
            self.assertLessEqual(values["connections"], SHARE_OWN + 64)
            self.assertGreaterEqual(values["connections_shed_total"], len(held) - SHARE_OWN)
            self.assertEqual(values["connections_refused_total"], 0, "nobody is turned away while idle ones make room")
            # Those who wait are no idle ones.
            self.assertEqual(used.getresponse().status, 200)
            used.close()
            self.assertTrue(is_closed(held[0]))
            self.assertFalse(is_closed(held[-1]))

    def metrics(self) -> dict[str, int]:
        lines = [line.removeprefix("ssa_hsm_agent_").split() for line in self.player.ask("/v1/metrics").text.splitlines()]
        return {words[0]: int(words[1]) for words in lines if words[0].startswith("connections")}

    def test_strangers_have_a_share_of_their_own(self) -> None:
        player = self.play("own=54321")
        with contextlib.ExitStack() as stack:
            waiting = [stack.enter_context(player.plain()) for _ in range(40)]
            eventually(lambda: sum(is_closed(sock) for sock in waiting) >= 40 - SHARE_STRANGERS, "those beyond it are closed")
            # The oldest idle ones make room.
            self.assertEqual(player.ask("/v1/token").status, 403)
