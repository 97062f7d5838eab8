"""The agent's facade: the API's own token endpoint, for callers of this host."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import socket
import stat
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import places
from agent_guests import FACADE, Callers, ask, form
from agent_player import PATIENCE, Answer, Player, PlayerTest, eventually, hasty, within
from agent_process import AgentCase
from ports import free_port

REQUESTS_MAX, WRONG_MAX, STRAY_MAX, FORM_MAX = 600, 10, 60, 16384


class FacadeTest(PlayerTest):
    def setUp(self) -> None:
        super().setUp()
        self.callers = Callers(self.dir)
        self.own, self.secret = self.callers.add("postman", "data:read data:write")
        self.audit = self.dir / "audit.jsonl"
        self.begin_facade()

    def begin_facade(self, env: dict[str, str] | None = None) -> None:
        self.facade = self.play("facade", f"callers={self.callers.path}", f"audit=file:{self.audit}", env=env)
        self.port = self.facade.ports["facade"]

    def ended(self, player: Player) -> None:
        """It must end well; what it says is looked at where it matters."""
        if player.process.stdout is not None and not player.process.stdout.closed:
            player.stop()

    def connection(self) -> http.client.HTTPConnection:
        made = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.addCleanup(made.close)
        return made

    def ask(self, body: str | None = None, **how: str) -> Answer:
        if body is None:
            body = form(client_id=self.own, client_secret=self.secret)
        return ask(self.connection(), body, **how)

    def basic(self, name: str, secret: str) -> str:
        return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()

    def said(self, answer: Answer, status: int, error: str) -> dict[str, str]:
        self.assertEqual((answer.status, answer.json["error"]), (status, error), answer.text)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        return answer.json  # type: ignore[no-any-return]

    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.audit.read_text().splitlines()] if self.audit.exists() else []


class Answers(FacadeTest):
    def test_it_answers_as_the_api_does(self) -> None:
        by_header = {"Authorization": self.basic(self.own, self.secret)}
        for answer in (self.ask(), self.ask(form(), **by_header), self.ask(form(scope="data:write"), **by_header)):
            self.assertEqual(answer.status, 200, answer.text)
            self.assertEqual(list(answer.json), ["access_token", "token_type", "expires_in"])
            self.assertEqual((len(answer.json["access_token"]), answer.json["token_type"]), (900, "Bearer"))
            self.assertIn(answer.json["expires_in"], range(3590, 3601))
            self.assertEqual((answer.headers["Content-Type"], answer.headers["Cache-Control"]), ("application/json", "no-store"))
        eventually(lambda: len(self.events()) == 3, "the audit has three lines")
        told = self.events()
        self.assertEqual([event["scope"] for event in told], ["data:read data:write", "data:read data:write", "data:write"])
        for event in told:
            self.assertEqual((event["event"], event["caller"], event["outcome"], event["profile"]), ("token", "postman", "ok", "main"))
            self.assertNotIn("uid", event)
        self.assertNotIn(self.secret, self.audit.read_text())

    def test_the_query_of_the_address_does_not_matter(self) -> None:
        self.assertEqual(self.ask(path=FACADE + "?x=1").status, 200)

    def test_a_connection_serves_many(self) -> None:
        connection = self.connection()
        other_id, other = self.callers.add("n8n", "bucket:read")
        for name, secret, scope in ((self.own, self.secret, "data:read"), (other_id, other, "bucket:read")) * 3:
            self.assertEqual(ask(connection, form(client_id=name, client_secret=secret, scope=scope)).status, 200)
            self.said(ask(connection, form(client_id=name, client_secret=secret, scope="x")), 403, "invalid_scope")
            connection.close()

    def test_who_is_not_known(self) -> None:
        for body, headers in (
            (form(), {}), (form(client_id=self.own), {}), (form(client_id=self.own, client_secret=self.secret[:-1]), {}),
            (form(client_id=self.own[:-1], client_secret=self.secret), {}), (form(client_secret=self.secret), {}),
            (form(client_id="", client_secret=""), {}), (form(), {"Authorization": self.basic(self.own, "")}),
            (form(), {"Authorization": self.basic("", "")}),
        ):  # fmt: skip
            with self.subTest(body.replace(self.secret, "…")):
                answer = self.ask(body, **headers)
                self.said(answer, 401, "invalid_credentials")
                self.assertEqual((answer.headers["Connection"], answer.headers["WWW-Authenticate"]), ("close", 'Basic realm="ssa-hsm"'))

    def test_what_is_asked_for(self) -> None:
        own = {"client_id": self.own, "client_secret": self.secret}
        for scope in ("data:create", "data:read data:create", "data:read,x", "data", "*", "data:read:x"):
            self.said(self.ask(form(**own, scope=scope)), 403, "invalid_scope")
        self.said(self.ask(urllib.parse.urlencode(own)), 400, "invalid_request")
        self.said(self.ask(form(**own, grant_type="password")), 400, "unsupported_grant_type")
        jwt = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        self.said(self.ask(form(**own, grant_type=jwt, assertion="x.y.z")), 400, "unsupported_grant_type")
        for scope in ("", "data:read data:write", "data:write"):
            self.assertEqual(self.ask(form(**own, scope=scope)).status, 200, scope)

    def test_a_form_that_is_none(self) -> None:
        own = form(client_id=self.own, client_secret=self.secret)
        for body in (own + "&scope=a&scope=b", own + "&client_id=x", own + "&x=%zz", "\x00", own + "&x=%00", "&" * 100):
            self.said(self.ask(body), 400, "invalid_request")
        twice = {"Authorization": self.basic(self.own, self.secret)}
        for headers in (twice, {"Authorization": "Bearer x"}, {"Authorization": "Basic %"}, {"Content_Type": "application/json"},
                        {"Content_Type": ""}, {"Content_Type": "text/plain"}):  # fmt: skip
            self.said(self.ask(own, **headers), 400, "invalid_request")
        self.said(self.ask(form(), Authorization=self.basic(self.own, self.secret * 100)), 400, "invalid_request")
        self.assertEqual(self.ask(own, Content_Type="application/x-www-form-urlencoded; charset=UTF-8").status, 200)

    def test_there_is_nothing_else(self) -> None:
        for path in ("/v1/token", "/v1/status", "/v1/lock", "/", "/authentication/v2/tokens", "/authentication/v2", "//", FACADE + "/"):
            for method in ("GET", "POST"):
                self.said(self.ask("" if method == "POST" else None, path=path, method=method), 404, "not_found")
        for method in ("GET", "PUT", "DELETE", "OPTIONS", "HEAD"):
            connection = self.connection()
            connection.request(method, FACADE)
            answer = Answer(connection.getresponse())
            self.assertEqual((answer.status, answer.headers["Allow"]), (405, "POST"), method)

    def test_a_caller_that_hangs_up_is_forgotten_before_its_answer_is_there(self) -> None:
        own, secret = self.callers.add("patient", "data:read", "--profile", "slow-2000")
        leaving = [self.connection() for _ in range(5)]
        for connection in leaving:
            connection.request("POST", FACADE, form(client_id=own, client_secret=secret),
                               {"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
        eventually(lambda: self.facade.waiting() == 5, "they wait")
        with within(1):
            for connection in leaving:
                connection.close()
            eventually(lambda: (self.facade.open_connections(), self.facade.waiting()) == (1, 0), "they are gone")

    def test_the_profile_and_its_failures(self) -> None:
        for name, profile, status, error in (
            ("locked", "fails-5-173-0", 503, "temporarily_unavailable"), ("lost", "fails-4-174-7", 503, "temporarily_unavailable"),
            ("limit", "fails-11-180-7", 429, "rate_limit_exceeded"), ("api", "fails-9-0-0", 502, "server_error"),
            ("none", "nowhere", 503, "temporarily_unavailable"), ("short", "short-0", 503, "temporarily_unavailable"),
        ):  # fmt: skip
            own, secret = self.callers.add(name, "data:read", "--profile", profile)
            answer = self.ask(form(client_id=own, client_secret=secret))
            told = self.said(answer, status, error)
            self.assertEqual(answer.headers["Retry-After"], "7" if profile.endswith("-7") else "1" if name == "short" else None)
            self.assertEqual(told.get("developerMessage"), "Quota limit exceeded." if status == 429 else None)
        own, secret = self.callers.add("patient", "data:read", "--profile", "slow-50")
        self.assertEqual(self.ask(form(client_id=own, client_secret=secret)).status, 200)


class Changes(FacadeTest):
    def test_a_caller_that_is_added_or_removed_while_it_runs(self) -> None:
        own, secret = self.callers.add("late", "data:read")
        connection = self.connection()
        self.assertEqual(ask(connection, form(client_id=own, client_secret=secret)).status, 200)
        self.callers.remove("late")
        self.said(ask(connection, form(client_id=own, client_secret=secret)), 401, "invalid_credentials")
        self.assertEqual(self.ask().status, 200)
        self.callers.add("late", "data:read")
        self.said(self.ask(form(client_id=own, client_secret=secret)), 401, "invalid_credentials")

    def test_a_file_that_is_damaged_lets_nobody_in(self) -> None:
        good = self.callers.path.read_bytes()
        for damage in (b"", b"{}", good[:-5], good.replace(b'"name"', b'"nome"')):
            self.callers.path.write_bytes(damage)
            self.said(self.ask(), 401, "invalid_credentials")
        os.chmod(self.callers.path, 0o666)
        self.callers.path.write_bytes(good)
        self.said(self.ask(), 401, "invalid_credentials")
        os.chmod(self.callers.path, 0o600)
        self.assertEqual(self.ask().status, 200)
        self.facade.end_input()
        self.facade.process.wait(PATIENCE)
        self.facade.errors.seek(0)
        self.assertEqual(self.facade.errors.read().count(b"until it is mended, no caller may ask"), 5)

    def test_the_status_counts(self) -> None:
        self.ask()
        self.ask(form(client_id=self.own, client_secret=self.secret, scope="x"))
        self.ask(form(client_id=self.own, client_secret="x"))
        self.assertEqual(self.facade.ask("/v1/status").json["callers"], [{"name": "postman", "handed_out": 1, "refused": 2}])
        self.assertEqual(self.player.ask("/v1/status").json["callers"], [])


class Hosts(FacadeTest):
    def test_the_host_must_be_the_loopback_interface(self) -> None:
        port = self.port
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LocalHost:{port}", f"127.9.9.9:{port}", f"[::1]:{port}"):
            self.assertEqual(self.ask(Host=host).status, 200, host)
        for host in ("127.0.0.1", "localhost", f"localhost:{port + 1}", f"evil.example:{port}", f"127.0.0.1.evil.example:{port}",
                     f"localhost.evil.example:{port}", f"10.0.0.1:{port}", f"[::2]:{port}", f"::1:{port}", f"[127.0.0.1]:{port}",
                     f"[localhost]:{port}", f"0:{port}", f"0.0.0.0:{port}", "[::1", f":{port}", f"localhost:0{port}",
                     f"localhost:{port}x", "x" * 300):  # fmt: skip
            with self.subTest(host):
                self.said(self.ask(Host=host), 403, "access_denied")
        eventually(lambda: any(event.get("outcome") == "forbidden" for event in self.events()), "the audit tells of it")

    def test_two_hosts_and_none(self) -> None:
        body = form(client_id=self.own, client_secret=self.secret).encode()
        rest = b"Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        own, other = b"Host: localhost:%d\r\n" % self.port, b"Host: evil.example\r\n"
        for head in (own + other, other + own, own + own):
            self.assertIn(b" 403 ", self.raw(b"POST " + FACADE.encode() + b" HTTP/1.1\r\n" + head + rest).split(b"\r\n")[0])
        self.assertIn(b" 403 ", self.raw(b"POST " + FACADE.encode() + b" HTTP/1.0\r\n" + rest).split(b"\r\n")[0])

    def raw(self, sent: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as made:
            made.sendall(sent)
            got = b""
            with contextlib.suppress(ConnectionError):
                while part := made.recv(65536):
                    got += part
        return got

    def test_browsers_and_proxies_are_refused(self) -> None:
        for name in ("X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Origin", "Sec-Fetch-Site"):
            self.assertIn(name, self.said(self.ask(**{name: "x"}), 403, "access_denied")["error_description"])

    def test_a_body_is_bounded(self) -> None:
        padding = form(client_id=self.own, client_secret=self.secret, x="")
        filled = padding + "&y=".join("a" * 2000 for _ in range(8))
        self.assertEqual(self.ask(filled[:FORM_MAX]).status, 200)
        # It is refused before it is read, so that nothing of it must be on the way then.
        self.said(self.ask("a", Content_Length=str(FORM_MAX + 1)), 400, "invalid_request")
        head = b"POST " + FACADE.encode() + b" HTTP/1.1\r\nHost: localhost:%d\r\n" % self.port
        for length in (b"99999999999999999999999", b"2000000000"):
            self.assertIn(b" 4", self.raw(head + b"Content-Length: " + length + b"\r\n\r\n").split(b"\r\n")[0])
        chunked = head + b"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        body = form(client_id=self.own, client_secret=self.secret).encode()
        self.assertIn(b" 200 ", self.raw(chunked + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n").split(b"\r\n")[0])
        # It can be told only while nothing of it has come.
        self.assertNotIn(b"access_token", self.raw(chunked + (b"1000\r\n" + b"a" * 4096 + b"\r\n") * 8 + b"0\r\n\r\n"))
        self.assertEqual(self.ask().status, 200)


class Limits(FacadeTest):
    def test_wrong_secrets_do_not_lock_the_right_one_out(self) -> None:
        other_id, other = self.callers.add("n8n", "data:read")
        wrong = [self.ask(form(client_id=self.own, client_secret=f"guess-{i}")) for i in range(WRONG_MAX + 3)]
        self.assertEqual([answer.status for answer in wrong], [401] * WRONG_MAX + [429] * 3)
        self.assertIn(int(wrong[-1].headers["Retry-After"]), range(1, 62))
        self.assertEqual(self.ask().status, 200)
        self.said(self.ask(form(client_id=other_id, client_secret="x")), 401, "invalid_credentials")
        self.assertEqual(self.ask(form(client_id=other_id, client_secret=other)).status, 200)

    def test_ids_that_nobody_has(self) -> None:
        connection = self.connection()
        got = []
        for i in range(STRAY_MAX + 2):
            got.append(ask(connection, form(client_id=f"id-{i}", client_secret="x")).status)
            connection.close()
        self.assertEqual(got, [401] * STRAY_MAX + [429] * 2)
        self.assertEqual(self.ask().status, 200)

    def test_a_caller_that_asks_too_often(self) -> None:
        other_id, other = self.callers.add("n8n", "data:read")
        connection = self.connection()
        body = form(client_id=self.own, client_secret=self.secret)
        self.assertEqual({ask(connection, body).status for _ in range(REQUESTS_MAX)}, {200})
        answer = ask(connection, body)
        self.said(answer, 429, "rate_limit_exceeded")
        self.assertIn(int(answer.headers["Retry-After"]), range(1, 62))
        self.assertEqual(self.ask(form(client_id=other_id, client_secret=other)).status, 200)

    def test_a_thousand_idle_connections(self) -> None:
        with contextlib.ExitStack() as stack:
            for _ in range(1000):
                stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE))
            with within(5):
                self.assertEqual(self.ask().status, 200)
                self.assertEqual(self.facade.ask("/v1/token").status, 200)

    def test_a_silent_one_holds_nobody_up_and_is_ended(self) -> None:
        self.begin_facade(env=hasty(15))
        head = b"POST " + FACADE.encode() + b" HTTP/1.1\r\nHost: localhost:%d\r\nContent-Length: 100\r\n\r\ngrant" % self.port
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)) for _ in range(3)]
            silent[1].sendall(head)
            silent[2].sendall(b"POST ")
            with within(5):
                self.assertEqual(self.ask().status, 200)
            for one in silent:
                with contextlib.suppress(ConnectionError):
                    self.assertEqual(one.recv(100), b"")


class Commands(AgentCase):
    """`ssa-hsm agent caller`, and the facade of an agent."""

    def add(self, *arguments: str) -> dict[str, str]:
        out = self.expect(self.run_program("agent", "caller", "add", *arguments, "--json"), 0).out
        return json.loads(out)  # type: ignore[no-any-return]

    def test_callers(self) -> None:
        done = self.expect(self.run_program("agent", "caller", "add", "postman", "-s", "data:read,data:write", "-s", "data:read"), 0)
        self.assertRegex(done.out, r'\AAPS_CLIENT_ID="postman-[\w-]{11}"\nAPS_CLIENT_SECRET="[\w-]{43}"\n\Z')
        self.assertIn("its secret is stored nowhere", done.err)
        secret = done.out.split('"')[3]
        path = self.profile_path().parent / "callers.json"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertNotIn(secret, path.read_text() + done.err)
        listed = json.loads(self.expect(self.run_program("agent", "caller", "list", "--json"), 0).out)
        self.assertEqual([(one["name"], one["scope"]) for one in listed], [("postman", "data:read data:write")])
        self.assertIn("postman", self.expect(self.run_program("agent", "caller", "list"), 0).out)
        self.expect(self.run_program("agent", "caller", "add", "postman", "--scope", "data:read"), 14, "there is a caller of this name")
        self.expect(self.run_program("agent", "caller", "remove", "postman"), 0, "is removed")
        self.expect(self.run_program("agent", "caller", "remove", "postman"), 2, "no caller of this name", "agent caller list")
        self.expect(self.run_program("agent", "caller", "list"), 0, "there are no callers")

    def test_what_is_no_caller(self) -> None:
        for arguments, said in (
            (["x"], "needs --scope"), (["x", "--scope", "data:read", "--no-secret"], "--no-secret needs --san"),
            (["a b", "--scope", "data:read"], "the name of a caller"), (["x" * 99, "--scope", "data:read"], "more than 64"),
            (["x", "--scope", 'a"b'], "scope"), (["x", "--scope", "data:read", "--san", "*.example.com"], "is not a DNS name"),
        ):  # fmt: skip
            self.expect(self.run_program("agent", "caller", "add", *arguments), 2, said)

    def test_a_secret_that_cannot_be_printed_is_no_secret(self) -> None:
        with Path("/dev/full").open("w") as full:
            argv = [str(word) for word in self.argv("agent", "caller", "add", "x", "--scope", "data:read")]
            done = subprocess.run(argv, env=self.environment({}), stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.expect(self.run_program("agent", "caller", "list"), 0, "there are no callers")

    def test_only_the_loopback_interface(self) -> None:
        self.provisioned()
        for at, code in (("0.0.0.0:8091", 3), ("192.0.2.1:8091", 3), ("[::]:8091", 3), ("localhost:1", 3), ("0", 3), ("65536", 3)):
            self.expect(self.run_program("agent", "--locked", "--facade", at), code)

    def test_the_facade_of_an_agent(self) -> None:
        self.provisioned()
        port = free_port()
        audit = self.dir / "audit.jsonl"
        self.begin("--facade", str(port), "--audit", f"file:{audit}")
        made = self.add("postman", "--scope", "data:read")
        connection = http.client.HTTPConnection("localhost", port, timeout=PATIENCE)
        answer = ask(connection, form(client_id=made["clientId"], client_secret=made["clientSecret"]))
        self.assertEqual(answer.status, 200, answer.status)
        claims = base64.urlsafe_b64decode(answer.json["access_token"].split(".")[1] + "==") if "." in answer.json["access_token"] else b""
        self.assertNotIn(b"data:write", claims)
        own = self.profile()
        real = ask(connection, form(client_id=own["APS_CLIENT_ID"], client_secret=self.api.secret))
        self.assertEqual(real.status, 401)
        self.expect(self.run_program("agent", "lock"), 0)
        connection.close()
        locked = ask(connection, form(client_id=made["clientId"], client_secret=made["clientSecret"]))
        self.assertEqual((locked.status, locked.json["error"]), (503, "temporarily_unavailable"))
        connection.close()
        # Events are written a few milliseconds later: the first one and the last one of this caller.
        eventually(lambda: audit.read_text().count('"caller":"postman"') >= 2, "the record has all of it")
        text = audit.read_text()
        for secret in (made["clientSecret"], answer.json["access_token"], self.api.secret):
            self.assertNotIn(secret, text)
