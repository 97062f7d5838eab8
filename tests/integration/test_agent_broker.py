"""The agent's broker: access tokens for other hosts, over TLS with client certificates."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import socket
import ssl
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import places
from agent_guests import FACADE, Authority, Callers, ask, connect, form, tls
from agent_player import PATIENCE, Answer, Player, PlayerTest, eventually, hasty, within
from agent_process import AgentCase
from ports import free_port

SAN, URI = "build.example.com", "spiffe://example.com/build"
PER_ADDRESS = 64


class Pool:
    """Certificates for all tests of this file."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ssa-hsm-tls-", dir=os.environ.get("TMPDIR", places.scratch())))
        self.authority, self.other = Authority(self.folder), Authority(self.folder, "other")
        self.cert, self.key = self.authority.server()
        issue = self.authority.issue
        self.build = issue("build", f"DNS:{SAN}")
        self.uri = issue("uri", f"URI:{URI}")
        self.several = issue("several", f"DNS:x.example.com,email:a@example.com,DNS:{SAN.upper()}")
        self.stranger = issue("stranger", "DNS:stranger.example.com")
        self.named = issue(SAN, None)
        self.deceiver = issue("deceiver", f"DNS:{URI}")
        self.wildcard = issue("wildcard", "DNS:*.example.com")
        self.for_servers = issue("for-servers", f"DNS:{SAN}", usage="serverAuth")
        self.expired = issue("expired", f"DNS:{SAN}", days=-1)
        self.wrong = self.other.issue("wrong", f"DNS:{SAN}")

    def options(self) -> str:
        return f"broker={self.cert},{self.key},{self.authority.ca}"


@functools.cache
def pool() -> Pool:
    made = Pool()
    unittest.addModuleCleanup(shutil.rmtree, made.folder, ignore_errors=True)
    return made


# Does what systemd does before it starts a service: a socket of each kind, on all interfaces.
LAUNCHER = """
import os, socket, sys
names, *program = sys.argv[1:]
held = []
for name in names.split(":"):
    made = socket.socket()
    made.bind(("0.0.0.0", 0))
    made.listen()
    print(made.getsockname()[1], flush=True)
    held.append(made)
held = [os.dup2(one.fileno(), 100 + i) for i, one in enumerate(held)]
for i, number in enumerate(held):
    os.dup2(number, 3 + i)
os.environ.update(LISTEN_FDS=str(len(held)), LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=names)
os.execv(program[0], program)
"""


class BrokerTest(PlayerTest):
    def setUp(self) -> None:
        super().setUp()
        self.pool = pool()
        self.callers = Callers(self.dir)
        self.callers.run("add", "build", "--scope", "data:read", "--san", SAN, "--no-secret")
        self.audit = self.dir / "audit.jsonl"
        self.begin_broker(self.pool.options())

    def begin_broker(self, *options: str, env: dict[str, str] | None = None) -> None:
        self.broker = self.play(*options, f"callers={self.callers.path}", f"audit=file:{self.audit}", env=env)
        self.port = self.broker.ports["broker"]

    def ended(self, player: Player) -> None:
        """It must end well; what it says is looked at where it matters."""
        if player.process.stdout is not None and not player.process.stdout.closed:
            player.stop()

    def said(self) -> str:
        self.broker.end_input()
        self.assertEqual(self.broker.process.wait(PATIENCE), 0)
        self.broker.errors.seek(0)
        return self.broker.errors.read().decode()

    def context(self, cert: Path | None = None, **settings: Any) -> ssl.SSLContext:
        return tls(self.pool.authority.ca, cert or self.pool.build, **settings)

    def get(self, target: str, cert: Path | None = None, method: str = "GET", **headers: str) -> Answer:
        connection = connect(self.port, self.context(cert))
        try:
            connection.request(method, target, headers={n.replace("_", "-"): v for n, v in headers.items()})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def event(self, outcome: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = []

        def there() -> bool:
            lines = self.audit.read_text().splitlines() if self.audit.exists() else []
            found[:] = [event for line in lines if (event := json.loads(line)).get("outcome") == outcome]
            return bool(found)

        eventually(there, f"the audit tells of {outcome}")
        return found[-1]


class Answers(BrokerTest):
    def test_a_caller_gets_what_it_may_have(self) -> None:
        for target in ("/v1/token", "/v1/token?scope=data%3Aread", "/v1/token?profile=main"):
            answer = self.get(target)
            self.assertEqual((answer.status, answer.json["scope"]), (200, "data:read"), answer.text)
            self.assertEqual(list(answer.json), ["access_token", "token_type", "expires_in", "expires_at", "scope"])
        told = self.event("ok")
        self.assertEqual((told["caller"], told["san"], told["scope"]), ("build", SAN, "data:read"))
        self.assertEqual(self.get("/v1/health").json, {"status": "ok"})
        for target in ("/v1/token?scope=data%3Awrite", "/v1/token?scope=data%3Aread%20x", "/v1/token?profile=slow-1"):
            self.refused(self.get(target), 403, "forbidden")
        for target in ("/v1/status", "/v1/assertion", "/v1/metrics"):
            self.refused(self.get(target), 403, "forbidden")
        for target in ("/v1/lock", "/v1/unlock"):
            self.refused(self.get(target, method="POST"), 403, "forbidden")
        self.refused(self.get("/v1/nothing"), 403, "forbidden")
        self.refused(self.get("/v1/token", method="POST"), 405, "method_not_allowed")
        self.refused(self.get("/v1/token?x=1"), 400, "bad_request")

    def test_a_profile_of_its_own(self) -> None:
        self.callers.run("add", "uri", "--scope", "data:read", "--san", URI, "--no-secret", "--profile", "slow-20")
        self.assertEqual(self.get("/v1/token", self.pool.uri).status, 200)
        self.assertEqual(self.get("/v1/token?profile=slow-20", self.pool.uri).status, 200)
        self.refused(self.get("/v1/token?profile=main", self.pool.uri), 403, "forbidden")

    def test_a_caller_that_hangs_up_is_forgotten_before_its_answer_is_there(self) -> None:
        self.callers.run("add", "uri", "--scope", "data:read", "--san", URI, "--no-secret", "--profile", "slow-2000")
        leaving = [connect(self.port, self.context(self.pool.uri)) for _ in range(5)]
        for connection in leaving:
            connection.request("GET", "/v1/token")
        eventually(lambda: self.broker.waiting() == 5, "they wait")
        with within(1):
            for connection in leaving:
                connection.close()
            eventually(lambda: (self.broker.open_connections(), self.broker.waiting()) == (1, 0), "they are gone")

    def test_force_is_for_all(self) -> None:
        self.assertEqual([self.get("/v1/token?force=1").status for _ in range(3)], [200, 200, 429])
        self.assertEqual(self.get("/v1/token").status, 200)

    def test_the_api_s_endpoint(self) -> None:
        connection = connect(self.port, self.context())
        for body in (form(), form(client_id="x", client_secret="y"), form(scope="data:read")):
            answer = ask(connection, body)
            self.assertEqual((answer.status, list(answer.json)), (200, ["access_token", "token_type", "expires_in"]), answer.text)
        self.assertEqual(ask(connection, form(scope="data:write")).json["error"], "invalid_scope")
        connection.close()
        # One connection, both kinds of answers.
        self.assertEqual(ask(connection, form()).status, 200)
        connection.request("GET", "/v1/token")
        self.assertEqual(Answer(connection.getresponse()).json["scope"], "data:read")
        self.assertEqual(ask(connection, form()).status, 200)
        connection.close()
        for name in ("X-Forwarded-For", "Origin"):
            self.assertEqual(ask(connection, form(), **{name: "x"}).status, 403)
            connection.close()
        self.assertEqual(ask(connection, "x", Content_Length="20000").status, 400)

    def test_a_caller_that_is_removed_while_it_is_connected(self) -> None:
        connection = connect(self.port, self.context())

        def status() -> int:
            connection.request("GET", "/v1/token")
            return Answer(connection.getresponse()).status

        self.assertEqual(status(), 200)
        self.callers.remove("build")
        self.assertEqual(status(), 403)
        self.callers.run("add", "again", "--scope", "data:write", "--san", SAN)
        connection.request("GET", "/v1/token")
        self.assertEqual(Answer(connection.getresponse()).json["scope"], "data:write")
        connection.close()

    def test_other_callers_do_not_notice_one_that_asks_too_often(self) -> None:
        self.callers.run("add", "uri", "--scope", "data:read", "--san", URI)
        connection = connect(self.port, self.context())
        got = set()
        for _ in range(601):
            connection.request("GET", "/v1/health")
            answer = Answer(connection.getresponse())
            got.add(answer.status)
        self.assertEqual((got, answer.status), ({200, 429}, 429))
        self.assertIn(int(answer.headers["Retry-After"]), range(1, 62))
        connection.close()
        self.assertEqual(self.get("/v1/token", self.pool.uri).status, 200)


class Certificates(BrokerTest):
    def test_who_is_a_caller(self) -> None:
        self.callers.run("add", "uri", "--scope", "data:read", "--san", URI, "--no-secret")
        for cert in (self.pool.build, self.pool.uri, self.pool.several):
            self.assertEqual(self.get("/v1/token", cert).status, 200, cert.name)

    def test_a_name_that_no_caller_has(self) -> None:
        self.callers.run("add", "uri", "--scope", "data:read", "--san", URI, "--no-secret")
        for cert in (self.pool.stranger, self.pool.named, self.pool.deceiver, self.pool.wildcard):
            with self.subTest(cert.name):
                self.refused(self.get("/v1/token", cert), 403, "forbidden")
                self.refused(self.get("/v1/health", cert), 403, "forbidden")
        self.refused(self.get("/v1/token", self.pool.stranger), 403, "forbidden")
        eventually(lambda: "stranger.example.com" in self.audit.read_text(), "the audit names it")
        self.assertNotIn("caller", self.event("forbidden"))

    def handshake_fails(self, context: ssl.SSLContext) -> None:
        connection = connect(self.port, context)
        # With TLS 1.3, a client hears of it when it reads.
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            connection.request("GET", "/v1/health")
            connection.getresponse()
        connection.close()

    def test_certificates_that_are_not_good(self) -> None:
        for cert in (self.pool.wrong, self.pool.expired, self.pool.for_servers):
            for most in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.subTest(cert=cert.name, most=most):
                    self.handshake_fails(self.context(cert, maximum_version=most))
        for most in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.handshake_fails(tls(self.pool.authority.ca, None, maximum_version=most))
        self.assertEqual(self.get("/v1/token").status, 200)

    def test_versions_of_tls(self) -> None:
        old = self.context()
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        self.handshake_fails(old)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            connection = connect(self.port, self.context(minimum_version=version, maximum_version=version))
            connection.request("GET", "/v1/health")
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()

    def test_no_tls(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as plain:
            plain.sendall(b"GET /v1/token HTTP/1.1\r\nHost: x\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                self.assertNotIn(b"HTTP", plain.recv(1000))

    def test_new_files_are_used_for_new_connections(self) -> None:
        folder = self.dir / "files"
        folder.mkdir()
        cert, key, ca = (Path(shutil.copy(path, folder)) for path in (self.pool.cert, self.pool.key, self.pool.authority.ca))
        self.begin_broker(f"broker={cert},{key},{ca}")
        connection = connect(self.port, self.context())
        connection.request("GET", "/v1/health")
        Answer(connection.getresponse())
        # One file of two does not fit, and the old ones stay.
        new_cert, new_key = self.pool.authority.server("server2")
        shutil.copy(new_cert, folder / "next")
        (folder / "next").rename(cert)
        self.assertEqual(self.get("/v1/health").status, 200)
        shutil.copy(new_key, folder / "next")
        (folder / "next").rename(key)
        ca.write_text(self.pool.other.ca.read_text())
        self.assertEqual(self.get("/v1/token", self.pool.wrong).status, 200)
        self.handshake_fails(self.context())
        connection.request("GET", "/v1/health")
        self.assertEqual(Answer(connection.getresponse()).status, 200)
        connection.close()
        told = self.said()
        self.assertIn("what was read before stays in use", told)
        self.assertIn("certificates are read again", told)

    def test_files_that_are_none(self) -> None:
        cert, key, ca = self.pool.cert, self.pool.key, self.pool.authority.ca
        for files, said in (
            ((ca, key, ca), "do not match"), ((cert, self.pool.folder / "build.key", ca), "do not match"),
            ((cert, key, key), "no certificate of an issuer"), ((cert, key, "/dev/null"), "not a regular file"),
            ((cert, key, "/nowhere"), "cannot be read"), ((cert, "/nowhere", ca), "cannot be read"), ((key, key, ca), "cannot be used"),
        ):  # fmt: skip
            with self.subTest(files), self.assertRaisesRegex(AssertionError, said):
                self.play("broker=" + ",".join(map(str, files)))

    def test_a_key_that_others_can_read_is_told(self) -> None:
        key = Path(shutil.copy(self.pool.key, self.dir))
        key.chmod(0o644)
        self.begin_broker(f"broker={self.pool.cert},{key},{self.pool.authority.ca}")
        self.assertIn("others can read the private key", self.said())


class Limits(BrokerTest):
    def test_a_thousand_silent_ones(self) -> None:
        with contextlib.ExitStack() as stack:
            for _ in range(1000):
                stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE))
            with within(5):
                self.assertEqual(self.get("/v1/token").status, 200)
                self.assertEqual(self.broker.ask("/v1/token").status, 200)

    def test_those_who_talk_are_not_ended_for_those_who_do_not(self) -> None:
        connection = connect(self.port, self.context())
        connection.request("GET", "/v1/health")
        Answer(connection.getresponse())
        with contextlib.ExitStack() as stack:
            for _ in range(3 * PER_ADDRESS):
                stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE))
            eventually(self.has_shed, "the idle ones are ended")
            sock = connection.sock
            connection.request("GET", "/v1/health")
            self.assertEqual(Answer(connection.getresponse()).status, 200)
            self.assertIs(connection.sock, sock)
        connection.close()

    def has_shed(self) -> bool:
        lines = self.broker.ask("/v1/metrics").text.splitlines()
        return int(next(line for line in lines if line.startswith("ssa_hsm_agent_connections_shed_total")).split()[1]) >= 2 * PER_ADDRESS

    def test_a_handshake_and_a_request_that_do_not_go_on(self) -> None:
        self.begin_broker(self.pool.options(), env=hasty(15))
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)) for _ in range(2)]
            silent[1].sendall(b"\x16\x03\x01\x02\x00\x01\x00")
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE))
            talking = stack.enter_context(self.context().wrap_socket(slow, server_hostname="localhost"))
            talking.sendall(b"GET /v1/token HTTP/1.1\r\nHo")
            with within(5):
                self.assertEqual(self.get("/v1/token").status, 200)
            for one in (*silent, talking):
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    while one.recv(1000):
                        pass

    def test_one_that_reads_nothing_holds_nobody_up(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as plain:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with self.context().wrap_socket(plain, server_hostname="localhost") as one:
                one.setblocking(False)
                with contextlib.suppress(BlockingIOError, ssl.SSLWantWriteError):
                    for _ in range(2000):
                        one.send(b"GET /v1/token HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
                with within(5):
                    self.assertEqual(self.get("/v1/health").status, 200)


class Program(AgentCase):
    """Two brokers, and `ssa-hsm token` that knows both."""

    def setUp(self) -> None:
        super().setUp()
        self.pool = pool()

    def test_one_of_two_is_killed(self) -> None:
        self.provisioned()
        self.expect(self.run_program("agent", "caller", "add", "build", "--scope", "data:read", "--san", SAN, "--no-secret"), 0, out="")
        files = ("--tls-cert", self.pool.cert, "--tls-key", self.pool.key, "--client-ca", self.pool.authority.ca)
        ports = [free_port(), free_port()]
        pids = [
            self.begin("--socket", self.runtime / f"{i}" / "agent.sock", "--listen", f"127.0.0.1:{port}", *files)
            for i, port in enumerate(ports)
        ]
        client = {
            "SSA_HSM_AGENT": " ".join(f"https://localhost:{port}" for port in ports),
            "SSA_HSM_AGENT_CERT": str(self.pool.build), "SSA_HSM_AGENT_CACERT": str(self.pool.authority.ca),
            "HOME": str(self.dir / "elsewhere"), "XDG_CONFIG_HOME": None, "SSA_HSM_MODULE": None, "SSA_HSM_TOKEN": None,
        }  # fmt: skip
        both = json.loads(self.expect(self.run_program("token", env=client), 0).out)
        self.assertEqual(both["scope"], "data:read")
        self.expect(self.run_program("token", "--scope", "data:write", env=client), 10, "may not have an access token")
        self.expect(self.run_program("agent", "lock", "--socket", self.runtime / "0" / "agent.sock"), 0)
        self.assertEqual(json.loads(self.expect(self.run_program("token", env=client), 0).out)["scope"], "data:read")
        os.kill(pids[0], 9)
        self.wait_gone(pids[0])
        one = json.loads(self.expect(self.run_program("token", env=client), 0).out)
        self.assertEqual((one["scope"], one["token_type"]), ("data:read", "Bearer"))
        os.kill(pids[1], 9)
        self.wait_gone(pids[1])
        self.expect(self.run_program("token", env=client), 4)

    def test_sockets_of_systemd(self) -> None:
        self.provisioned()
        self.expect(self.run_program("agent", "caller", "add", "build", "--scope", "data:read", "--san", SAN, "--no-secret"), 0)
        files = ("--tls-cert", self.pool.cert, "--tls-key", self.pool.key, "--client-ca", self.pool.authority.ca)
        self.socket.parent.mkdir(mode=0o700)
        argv = [sys.executable, "-c", LAUNCHER, "facade:broker", *map(str, self.argv("agent", "--foreground", *files))]
        process = self.start(argv)
        try:
            assert process.stdout is not None
            facade, broker = (int(process.stdout.readline()) for _ in range(2))
            connection = connect(broker, tls(self.pool.authority.ca, self.pool.build))
            connection.request("GET", "/v1/token")
            self.assertEqual(Answer(connection.getresponse()).json["scope"], "data:read")
            connection.close()
            with socket.create_connection(("127.0.0.1", facade), timeout=PATIENCE) as one:
                one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(b" 403 ", one.recv(1000))
            # By another of its addresses, nobody is served.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
                probe.connect(("192.0.2.1", 9))
                with socket.create_connection((probe.getsockname()[0], facade), timeout=PATIENCE) as one:
                    with contextlib.suppress(ConnectionError):
                        self.assertEqual(one.recv(1), b"")
        finally:
            process.terminate()
            _, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, err.decode())

    def test_what_is_refused(self) -> None:
        self.provisioned()
        some = ("--tls-cert", self.pool.cert, "--tls-key", self.pool.key)
        self.expect(self.run_program("agent", "--locked", "--listen", "127.0.0.1:8090", *some), 2, "--client-ca")
        self.expect(self.run_program("agent", "--locked", *some), 2, "are for --listen")
        at = f"127.0.0.1:{free_port()}"
        missing = (*some, "--client-ca", self.pool.folder / "nowhere.pem")
        self.expect(self.run_program("agent", "--locked", "--listen", at, *missing), 3, "nowhere.pem")


if __name__ == "__main__":
    unittest.main()
