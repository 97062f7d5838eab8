"""profile list, show and remove: what there is, what is wrong with it, and a file that goes with what is in it."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import places
from fault_support import CREATE, PUT_PRIVATE, FaultCase
from harness import Case, Result

SECRET = "a-client-secret-nobody-sees"
BLOCK = {"APS_CLIENT_ID": "ID1", "APS_SECRET_ID": SECRET, "SERVICE_ACCOUNT_ID": "A1", "KEY_ID": "K1",
         "SSA_EMAIL": "robot@example.com", "PRIVATE_KEY": "pkcs11:token=My%20Token;object=k"}  # fmt: skip


class Profiles(Case):
    needs_api = False

    def listed(self, **options: Any) -> dict[str, dict[str, Any]]:
        result = self.expect(self.run_program("profile", "list", "--json", **options), 0)
        self.assertNotIn(SECRET, result.out + result.err)
        return {p["name"]: p for p in json.loads(result.out)}


class List(Profiles):
    def test_what_there_is(self) -> None:
        self.write_profile(BLOCK)
        self.write_profile({"SERVICE_ACCOUNT_ID": "A2", "SSA_HSM_TOKEN": "a label"}, "another")
        (self.config / "ssa-hsm" / "notes.txt").write_text("mine")
        result = self.expect(self.run_program("profile", "list"), 0, "* is used")
        self.assertRegex(result.out, r"\* +default +robot@example.com +K1 +My Token +ok\n")
        self.assertRegex(result.out, r"\n +another +A2 +- +a label +ok\n")
        self.assertEqual(list(self.listed()), ["another", "default"])
        self.assertEqual([p["usual"] for p in self.listed().values()], [False, True])
        one = self.listed()["default"]
        self.assertEqual((one["clientId"], one["serviceAccountId"], one["usable"]), ("ID1", "A1", True))
        self.assertTrue(one["hasClientSecret"])

    def test_which_one_the_environment_names(self) -> None:
        for name in ("default", "a", "b"):
            self.write_profile(BLOCK, name)
        elsewhere = self.write_profile(BLOCK).rename(self.dir / "elsewhere.env")
        usual = self.listed(env={"SSA_HSM_PROFILE": f"b:{elsewhere}:a"})
        # A list with a path in it is one path, if that exists.
        self.assertEqual([n for n, p in usual.items() if p["usual"]], ["a", "b", str(elsewhere)])
        self.assertTrue(self.listed(env={"SSA_HSM_PROFILE": str(elsewhere)})[str(elsewhere)]["usual"])

    def test_there_is_none(self) -> None:
        self.expect(self.run_program("profile", "list"), 0, "there are no profiles", "`ssa-hsm setup`", "account create", out="")
        self.assertEqual(self.listed(), {})

    def test_broken_ones_are_listed_with_their_errors(self) -> None:
        self.write_profile(BLOCK, "good")
        broken = {
            "default": "nonsense\n",
            "part": "KEY_ID=k\nSERVICE_ACCOUNT_ID=a\n",
            "pem": "".join(f'{n}="{v}"\n' for n, v in {**BLOCK, "PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----"}.items()),
            "zero": "A=\0\n",
        }
        for name, text in broken.items():
            self.write_profile(text, name)
        folder = self.config / "ssa-hsm"
        os.mkfifo(folder / "pipe.env")
        (folder / "folder.env").mkdir()
        (folder / "gone.env").symlink_to("nowhere.env")
        self.write_profile(BLOCK, "open").chmod(0o666)
        found = self.listed()
        self.assertEqual({n for n, p in found.items() if p["usable"]}, {"good"})
        for name, word in (("default", "line 1"), ("part", "lacks"), ("pem", "as text"), ("zero", "zero byte"),
                           ("pipe", "regular file"), ("gone", "No such file"), ("open", "by others")):  # fmt: skip
            self.assertIn(word, found[name]["error"])
        self.expect(self.run_program("profile", "list"), 0, "default.env: line 1", "chmod go-w", "zero byte")

    def test_a_fault_of_the_folder_is_told_once(self) -> None:
        for name in ("a", "b", "c"):
            self.write_profile({"APS_CLIENT_ID": "x"}, name)
        self.profile_path().parent.chmod(0o777)
        result = self.expect(self.run_program("profile", "list"), 0)
        self.assertEqual(result.out.count("cannot be used"), 3)
        self.assertEqual(result.err.count("can be written to by others"), 1)

    def test_others_can_read_it(self) -> None:
        path = self.write_profile(BLOCK)
        path.chmod(0o640)
        self.assertIn("can be read by others", self.listed()["default"]["problem"])
        result = self.expect(self.run_program("profile", "list"), 0, f"`chmod 600 {path}`")
        self.assertRegex(result.out, r"My Token +warning\n")
        # One that only refers to secrets may be read.
        self.write_profile({**BLOCK, "APS_SECRET_ID": "file:/x"})
        self.assertIsNone(self.listed()["default"]["problem"])

    def test_names_that_no_option_takes(self) -> None:
        odd = self.write_profile(BLOCK, "a b")
        raw = os.fsencode(odd.parent) + b"/\xff\x1b.env"
        with open(raw, "wb") as file:
            file.write(b"KEY_ID=\xff\x1b\n")
        self.assertEqual(list(self.listed()), [str(odd), f"{odd.parent}/??.env"])


class Show(Profiles):
    def test_the_settings_of_the_file_alone(self) -> None:
        path = self.write_profile({"SSA_HSM_MODULE": "/m.so", **BLOCK, "OTHER": "x"})
        for name in ("default", path):
            result = self.expect(self.run_program("profile", "show", name, env={"SSA_HSM_TOKEN": "label"}), 0)
            self.assertRegex(result.out, r"SSA_HSM_MODULE +/m.so +1\n")
            self.assertRegex(result.out, r"APS_SECRET_ID +set +3\n")
            self.assertNotRegex(result.out, f"{SECRET}|SSA_HSM_TOKEN|default|OTHER")
        shown = json.loads(self.expect(self.run_program("profile", "show", "default", "--json"), 0).out)
        self.assertEqual({s["name"] for s in shown["settings"]}, {"SSA_HSM_MODULE", *BLOCK})
        self.assertEqual(shown["path"], str(path))

    def test_one_that_is_not_there(self) -> None:
        self.expect(self.run_program("profile", "show", "nowhere"), 3, "nowhere.env", "No such file", "--profile nowhere", out="")

    def test_a_broken_default_is_no_concern(self) -> None:
        self.write_profile("nonsense\n")
        self.write_profile(BLOCK, "good")
        self.expect(self.run_program("profile", "show", "good"), 0)
        self.expect(self.run_program("profile", "show", "default"), 3, "line 1")


class Remove(Profiles):
    def remove(self, *more: object, **options: Any) -> Result:
        result = self.run_program("profile", "remove", *more, **options)
        self.assertNotIn(SECRET, result.out + result.err)
        return result

    def test_it_asks_and_says_what_goes_and_what_stays(self) -> None:
        path = self.write_profile(BLOCK, "an")
        said = ("account A1 (robot@example.com)", 'key K1 on PKCS#11 token "My Token"', "the client secret",
                "`ssa-hsm key delete K1 --account A1 --profile an`")  # fmt: skip
        self.expect(self.remove("an"), 15, *said, "did not confirm")
        self.assertIn(SECRET, path.read_text())
        self.expect(self.typed("profile", "remove", "an", answers=[(r"\(yes/no\) ", "no")]), 15)
        self.assertTrue(path.exists())
        self.expect(self.typed("profile", "remove", "an", answers=[(r"\(yes/no\) ", "yes")]), 0, "is removed")
        self.assertFalse(path.exists())
        self.expect(self.remove("an", "--yes"), 3, "No such file")

    def test_what_is_in_it_is_overwritten(self) -> None:
        path = self.write_profile(BLOCK, "an")
        with path.open("rb") as held:
            size = path.stat().st_size
            self.expect(self.remove("an", "--yes"), 0)
            self.assertEqual(held.read(), bytes(size))

    def test_the_history_has_it(self) -> None:
        path = self.write_profile(BLOCK, "an")
        self.expect(self.remove("an", "-y"), 0)
        (event,) = json.loads(self.expect(self.run_program("history", "--json"), 0).out)
        told = {n: event[n] for n in ("operation", "outcome", "serviceAccountId", "keyId", "clientId", "profile")}
        self.assertEqual(told, {"operation": "profile remove", "outcome": "done", "serviceAccountId": "A1",
                                "keyId": "K1", "clientId": "ID1", "profile": str(path)})  # fmt: skip
        self.expect(self.run_program("history", "--verify"), 0)

    def test_a_path_with_dots_in_it(self) -> None:
        path = self.write_profile(BLOCK, "an")
        self.expect(self.remove(f"./config/../config/ssa-hsm/{path.name}", "--yes"), 0)
        self.assertFalse(path.exists())
        (event,) = json.loads(self.expect(self.run_program("history", "--json"), 0).out)
        self.assertEqual(event["profile"], str(path))

    def test_of_a_link_only_the_link_goes(self) -> None:
        target = self.write_profile(BLOCK, "an").rename(self.dir / "target.env")
        link = self.profile_path("an")
        link.symlink_to(target)
        self.expect(self.remove("an", "--yes"), 0, f"only the link is removed, and {target} stays")
        self.assertFalse(link.is_symlink())
        self.assertIn(SECRET, target.read_text())
        link.symlink_to("nowhere")
        self.expect(self.remove("an", "--yes"), 0)
        self.assertFalse(link.is_symlink())

    def test_a_second_name_keeps_its_content(self) -> None:
        path = self.write_profile(BLOCK, "an")
        second = self.dir / "second"
        second.hardlink_to(path)
        self.expect(self.remove("an", "--yes"), 0, "second name")
        self.assertFalse(path.exists())
        self.assertIn(SECRET, second.read_text())

    def test_broken_ones_can_go(self) -> None:
        for text in ("nonsense\n", "A=\0\n", 'APS_CLIENT_ID="ID1"\nPRIVATE_KEY="-----BEGIN PRIVATE KEY-----"\n', ""):
            with self.subTest(text):
                path = self.write_profile(text)
                self.expect(self.remove("default", "--yes"), 0)
                self.assertFalse(path.exists())
        path = self.write_profile('PRIVATE_KEY="-----BEGIN PRIVATE KEY-----"\n')
        self.expect(self.remove("default"), 15, "is destroyed, too: the private key")
        os.mkfifo(self.profile_path("pipe"))
        self.expect(self.remove("pipe", "--yes"), 3, "not a regular file")

    def test_a_file_that_cannot_be_overwritten_stays(self) -> None:
        path = self.write_profile(BLOCK, "an")
        path.chmod(0o400)
        self.expect(self.remove("an", "--yes"), 3, "cannot be overwritten, so it is not removed")
        self.assertIn(SECRET, path.read_text())
        path.chmod(0o600)
        path.parent.chmod(0o500)
        self.expect(self.remove("an", "--yes"), 3, "the profile is overwritten, but cannot be removed")
        self.assertEqual(set(path.read_bytes()), {0})

    def test_of_one_that_stays_it_is_not_said_that_it_was_overwritten(self) -> None:
        target = self.write_profile(BLOCK, "target")
        self.profile_path("link").symlink_to(target)
        second = self.write_profile(BLOCK, "second")
        (self.dir / "name").hardlink_to(second)
        target.parent.chmod(0o500)
        for name, path in (("link", target), ("second", second)):
            with self.subTest(name):
                result = self.expect(self.remove(name, "--yes"), 3, "cannot be removed, and stays as it was")
                self.assertNotIn("overwritten", result.err)
                self.assertIn(SECRET, path.read_text())


class Needed(FaultCase):
    """While an operation that is not over names the profile, it stays."""

    def test_an_interrupted_operation(self) -> None:
        with self.shim(f"{PUT_PRIVATE} kill before"):
            self.assertEqual(self.run_program(*CREATE, "--force").code, -signal.SIGKILL)
        path = self.write_profile(BLOCK)
        result = self.expect(self.run_program("profile", "remove", "default", "--yes"), 3, "account create", "interrupted")
        self.assertIn("key recover --profile default", self.suggested(result, "ssa-hsm key recover"))
        for name in (path, f"./config/../config/ssa-hsm/{path.name}"):
            self.expect(self.run_program("profile", "remove", name, "--yes"), 3, "interrupted")
        self.assertTrue(path.exists())
        link = self.dir / "link.env"
        link.symlink_to(path)
        self.expect(self.run_program("profile", "remove", link, "--yes"), 3, "interrupted")

    def test_a_rotation_that_waits(self) -> None:
        self.expect(self.run_program(*CREATE, "-p", "an"), 0)
        self.expect(self.run_program("key", "rotate", "-p", "an", "--import", "plain"), 0)
        result = self.expect(self.run_program("profile", "remove", "an", "--yes"), 3, "still needs the profile")
        self.paste(result, "ssa-hsm key rotate --finish")
        self.expect(self.run_program("profile", "remove", "an", "--yes"), 0)

    def test_a_removal_that_was_killed(self) -> None:
        strace = [places.tool("strace"), "-f", "-qq", "-o", "/dev/null", "-e", "inject=unlinkat:signal=KILL:when=1"]
        for there in (True, False):
            with self.subTest(there):
                path = self.write_profile({**BLOCK, "APS_CLIENT_ID": self.api.client_id})
                self.run_command([*strace, *self.argv("profile", "remove", "default", "--yes")])
                self.assertTrue(path.exists())
                self.assertNotIn(SECRET, path.read_text())
                self.assertEqual(len(self.open_operations()), 1)
                if there:
                    self.expect(self.run_program("profile", "remove", "default", "--yes"), 0)
                else:
                    path.unlink()
                    self.expect(self.run_program("key", "recover"), 0, "the profile is removed")
                self.assertEqual(self.open_operations(), [])
        outcomes = [e["outcome"] for e in json.loads(self.run_program("history", "--json").out)]
        self.assertEqual(outcomes, ["unknown", "done", "done"])
