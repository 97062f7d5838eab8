"""token --cache: the access token is kept in the kernel's keyring, and an earlier one is used again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import denied
import kernel_keyring
from harness import Case, Result, note

KEYRING = {"SSA_HSM_CACHE": "keyring"}
WHAT = "the access token is not kept"


class _Cached(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def asked(self) -> int:
        return len(self.api.asked())

    def token(self, *options: str, env: dict[str, str | None] | None = None) -> str:
        """The access token that is printed, without any message."""
        result = self.run_program("token", "--format", "token", *options, env={**KEYRING, **(env or {})})
        self.expect(result, 0)
        self.assertEqual(result.err, "")
        return result.out


class Keyring(_Cached):
    def setUp(self) -> None:
        super().setUp()
        self.names: set[str] = set()
        self.addCleanup(self.clean)

    def mine(self) -> dict[int, str]:
        """The numbers and names of what this test's programs have put there."""
        found = kernel_keyring.of_api(self.env["SSA_HSM_BASE_URL"])
        self.names |= {*found.values()}
        return found

    def clean(self) -> None:
        kernel_keyring.forget(self.env["SSA_HSM_BASE_URL"])
        for key, name in kernel_keyring.entries().items():
            if name in self.names:
                kernel_keyring.remove(key)

    def entry(self) -> tuple[int, str]:
        """The number and the name of the only one."""
        (only,) = self.mine().items()
        return only

    def kept(self) -> kernel_keyring.Entry:
        return kernel_keyring.parse(kernel_keyring.read(self.entry()[0]))

    def put(self, content: bytes) -> None:
        (name,) = self.names
        kernel_keyring.put(name, content)

    def test_a_second_run_asks_nobody(self) -> None:
        first = self.token()
        self.assertEqual(self.asked(), 1)
        # No module, no PIN, no client secret, no CA: it could not fetch one.
        nowhere = str(self.dir / "nowhere")
        without = {"SSA_HSM_MODULE": nowhere, "SSA_HSM_PIN_SOURCE": f"file:{nowhere}", "SSA_HSM_CACERT": nowhere,
                   "APS_SECRET_ID": f"file:{nowhere}"}  # fmt: skip
        self.assertEqual(self.token(env={**without}), first)
        self.assertEqual(self.asked(), 1)

    def test_a_second_run_loads_nothing_for_that(self) -> None:
        self.token()
        result = self.run_program("token", env={**KEYRING, "LD_DEBUG": "files"})
        self.expect(result, 0, "libkeyutils")
        for library in ("libcurl", "libcrypto", "softhsm"):
            self.assertNotIn(library, result.err)
        self.assertNotIn("libkeyutils", self.run_program("jwt", env={"LD_DEBUG": "files"}).err)

    def test_without_it_nothing_is_kept_or_used(self) -> None:
        first = self.token()
        plain = self.expect(self.run_program("token", "--format", "token"), 0)
        self.assertNotEqual(plain.out, first)
        off = self.expect(self.run_program("token", "--format", "token", env={"SSA_HSM_CACHE": "off"}), 0)
        self.assertNotIn(off.out, (first, plain.out))
        self.assertEqual(self.token(), first)

    def test_the_profile_may_say_it(self) -> None:
        path = self.profile_path()
        path.write_text(path.read_text() + 'SSA_HSM_CACHE="keyring"\n')
        tokens = {self.run_program("token", "--format", "token").out for _ in range(2)}
        self.assertEqual((len(tokens), self.asked()), (1, 1))
        self.assertIn("SSA_HSM_CACHE", self.run_program("config", "show").out)

    def test_only_this_users_processes_can_read_it_and_it_ends_by_itself(self) -> None:
        token = self.token()
        key, name = self.entry()
        self.assertEqual(f"{kernel_keyring.permissions(key):08x}", "1b000000")
        self.assertRegex(kernel_keyring.timeout(key), r"^(59m|60m|1h)$")
        self.assertIn(token.strip().encode(), self.kept().answer)
        self.assertNotIn(self.profile()["KEY_ID"], name)

    def test_expires_in_is_counted_down(self) -> None:
        answer = json.loads(self.run_program("token", env=KEYRING).out)
        self.put(self.kept().later(1000).bytes())
        result = self.expect(self.run_program("token", "-v", env=KEYRING), 0, "from the kernel's keyring, and valid for 2")
        again = json.loads(result.out)
        self.assertEqual(result.out, json.dumps(again, indent=2) + "\n")
        self.assertEqual({**again, "expires_in": 0}, {**answer, "expires_in": 0})
        left = answer["expires_in"] - 1000
        self.assertTrue(left - 100 <= again["expires_in"] <= left, again["expires_in"])

    def test_one_that_ends_soon_is_replaced(self) -> None:
        first = self.token()
        entry = self.kept()
        life = json.loads(entry.answer)["expires_in"]
        self.put(entry.later(life - 55).bytes())
        self.assertEqual(self.token("--min-ttl", "5"), first)
        second = self.token()
        self.assertNotEqual(second, first)
        self.assertEqual(self.token("--min-ttl", "600"), second)
        self.assertNotEqual(self.token("--min-ttl", str(life + 1)), second)

    def test_one_that_is_over_by_either_clock_is_replaced(self) -> None:
        tokens = {self.token()}
        entry = self.kept()
        for over in (replace(entry, date=entry.date - 7200), replace(entry, running=0),
                     entry.later(7200), entry.later(-7 * 86400), replace(entry, date=0, running=0),
                     replace(entry, date=2**63 - 1, running=2**63 - 1)):  # fmt: skip
            self.put(over.bytes())
            tokens.add(self.token("--min-ttl", "0"))
        self.assertEqual(len(tokens), 7)

    def test_a_new_one_on_request(self) -> None:
        first = self.token()
        second = self.token("--fresh")
        self.assertNotEqual(second, first)
        self.assertEqual(self.token(), second)
        self.assertEqual(self.asked(), 2)

    def test_scopes_are_a_set(self) -> None:
        first = self.token("--scope", "data:read", "--scope", "data:write,data:create")
        self.assertEqual(self.token("--scope", "data:create data:write data:read data:write"), first)
        for other in ("data:read,data:write", "data:read,data:create", "data:read"):
            with self.subTest(other):
                self.assertNotEqual(self.token("--scope", other), first)
        self.assertEqual(self.token("--scope", "data:write data:create data:read"), first)

    def test_no_other_ones_access_token(self) -> None:
        """Each of these would get an answer from the cache alone: with this key, the API gives none."""
        self.token()
        values = self.profile()
        for name, value in (("KEY_ID", values["KEY_ID"][:-1] + "x"), ("SERVICE_ACCOUNT_ID", "another"),
                            ("APS_CLIENT_ID", "another"), ("SSA_HSM_AUDIENCE", "https://another.example/token"),
                            ("SSA_HSM_BASE_URL", self.env["SSA_HSM_BASE_URL"] + "/prefix")):  # fmt: skip
            with self.subTest(name):
                self.write_profile({**values, name: value}, "other")
                env = {name: None, **KEYRING, "SSA_HSM_PROFILE": "other"}
                result = self.run_program("token", env=env)
                self.assertIn(result.code, (8, 9, 10), str(result))
                self.assertEqual(result.out, "")

    def test_an_entry_for_somebody_else_under_this_name(self) -> None:
        first = self.token()
        entry = self.kept()
        self.put(replace(entry, identity=entry.identity[:-1] + b"x").bytes())
        self.assertNotEqual(self.token(), first)

    def test_the_profile_that_is_used_instead_has_its_own(self) -> None:
        values = self.profile()
        self.write_profile({**values, "PRIVATE_KEY": "pkcs11:token=gone;id=%01;type=private"}, "absent")
        both = ("--profile", "absent", "--profile", "default")
        first = self.expect(self.run_program("token", "--format", "token", *both, env=KEYRING), 0, "profile default")
        self.assertEqual(self.token("--profile", "default"), first.out)

    def test_anything_else_is_ignored_and_replaced(self) -> None:
        first = self.token()
        good, entry = self.kept().bytes(), self.kept()
        answer = json.loads(entry.answer)
        bad = json.dumps({**answer, "access_token": "a\r\nX-Header: b"}).encode()
        for content in (b"x", good[:-8], good + bytes(8), b"\xff" * 8000, bytes(8), good[:40] + b"\xff" * 8 + good[48:],
                        replace(entry, mark=b"ssa-hsm access token 2").bytes(), replace(entry, answer=b"").bytes(),
                        replace(entry, answer=b'{"expires_in": 3599}').bytes(), replace(entry, answer=bad).bytes(),
                        replace(entry, answer=entry.answer[:-1]).bytes()):  # fmt: skip
            with self.subTest(content[:60]):
                self.put(content)
                got = self.token()
                self.assertNotEqual(got, first)
                self.assertEqual(self.token(), got)

    def test_a_session_that_does_not_lead_to_the_users_keyring(self) -> None:
        first = self.token()
        result = self.run_command(kernel_keyring.argv(self.argv("token", "--format", "token")), env=KEYRING)
        self.expect(result, 0, out=first)
        self.assertEqual(result.err, "")

    def test_several_at_once_fetch_one(self) -> None:
        started = [self.start(self.argv("token", "--format", "token"), env=KEYRING) for _ in range(6)]
        ended = [process.communicate() for process in started]
        self.assertEqual([process.returncode for process in started], [0] * 6, ended)
        self.assertEqual(len({out for out, _ in ended}), 1)
        self.assertEqual(self.asked(), 1)

    def test_an_answer_without_an_end_is_not_kept(self) -> None:
        self.api.fault("replace", path="/token", body={"access_token": "abc", "token_type": "Bearer"})
        self.token()
        self.assertEqual(self.mine(), {})

    def test_exec(self) -> None:
        shown = ("exec", "--", "printenv", "APS_ACCESS_TOKEN")
        first = self.expect(self.run_program(*shown, env=KEYRING), 0)
        self.expect(self.run_program(*shown, env=KEYRING), 0, out=first.out)
        self.assertEqual(self.token(), first.out)
        self.assertEqual(self.asked(), 1)

    def test_in_a_container_only_where_the_keyring_is_named(self) -> None:
        inside: dict[str, str | None] = {"container": "podman"}
        for _ in range(2):
            result = self.run_program("token", "--cache", env=inside)
            self.expect(result, 0, WHAT, "container", "SSA_HSM_CACHE=keyring")
        self.assertEqual(self.asked(), 2)
        first = self.token("--cache", env=inside)
        self.assertEqual(self.token(env=inside), first)
        self.assertEqual(self.asked(), 3)

    def test_the_option_alone_does_so_outside_of_containers(self) -> None:
        """Inside one, where this runs in one, the test above is about the same."""
        inside = any(Path(path).exists() for path in ("/.dockerenv", "/run/.containerenv", "/run/systemd/container"))
        results = [self.expect(self.run_program("token", "--format", "token", "--cache"), 0) for _ in range(2)]
        self.assertEqual(len({result.out for result in results}), 2 if inside else 1)

    def test_a_full_keyring(self) -> None:
        result = self.run_denied("add_key=EDQUOT")
        self.expect(result, 0, WHAT, "add_key failed", denied.spoken("EDQUOT"))

    def run_denied(self, *rules: str) -> Result:
        return self.run_command(denied.argv(rules, self.argv("token", "--format", "token")), env=KEYRING)


class Refused(_Cached):
    def test_where_the_kernel_refuses_it_goes_on_without(self) -> None:
        for number in ("EPERM", "ENOSYS"):
            with self.subTest(number):
                argv = denied.argv([f"keyctl={number}", f"add_key={number}"], self.argv("token", "--format", "token"))
                results = [self.run_command(argv, env=KEYRING) for _ in range(2)]
                for result in results:
                    self.expect(result, 0, WHAT, denied.spoken(number))
                    self.assertEqual(result.err.count(WHAT), 1)
                self.assertNotEqual(results[0].out, results[1].out)

    def test_said_once_for_several_profiles(self) -> None:
        self.write_profile({**self.profile(), "PRIVATE_KEY": "pkcs11:token=gone;id=%01;type=private"}, "absent")
        words = self.argv("token", "--profile", "absent", "--profile", "default")
        result = self.run_command(denied.argv(["keyctl=EPERM"], words), env=KEYRING)
        self.expect(result, 0, "profile default")
        self.assertEqual(result.err.count(WHAT), 1)

    def test_a_value_that_is_none(self) -> None:
        self.expect(self.run_program("token", env={"SSA_HSM_CACHE": "disk"}), 3, "SSA_HSM_CACHE", '"keyring"', out="")

    def test_options(self) -> None:
        self.expect(self.run_program("token", "--min-ttl", "1h"), 2, "--min-ttl")
        self.expect(self.run_program("token", "--no-cache"), 2, "--fresh")
        self.expect(self.run_program("jwt", "--cache"), 2)


if not kernel_keyring.works():
    note("test_token_cache: the kernel refuses keyrings; only that is tested")
    del Keyring
