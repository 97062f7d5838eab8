"""What the process shows of itself, and what it does where memory cannot be locked."""

from __future__ import annotations

import functools
import os
import platform
import re
import resource
import signal
import subprocess
from pathlib import Path

import denied
import places
from fault_support import CREATE, FIRST, LAST, FaultCase, KeyCase, background, ended, eventually, one_key
from harness import PIN, Result, note

NO_LOCK = "ulimit -l 0"


@functools.cache
def locking_is_real() -> bool:
    """AddressSanitizer makes mlock do nothing, and say that it did."""
    real = not places.sanitized()
    if not real:
        note("built with AddressSanitizer, where mlock never fails: what is done when it fails was not tried")
    return real


class NoLockedMemory(FaultCase):
    """RLIMIT_MEMLOCK is 0: what receives a key refuses, what does not warns."""

    def test_account_create_refuses_before_anything(self) -> None:
        if not locking_is_real():
            return
        with self.shim() as log:
            self.expect_failure(self.limited(NO_LOCK, *CREATE), 3, "lock", "ulimit -l")
        self.assertEqual(self.api.asked(), [])
        self.assertEqual(log.count("C_Login"), 0)
        self.assert_nothing_left()

    def test_an_account_without_a_key_is_none_of_them(self) -> None:
        self.expect(self.limited(NO_LOCK, *CREATE, "--no-key"), 0)

    def test_key_import_refuses(self) -> None:
        if not locking_is_real():
            return
        pem = self.dir / "key.pem"
        pem.touch(mode=0o600)
        pem.write_text(one_key())
        arguments = ("key", "import", pem, "--key-id", "a-kid", "--account", "AN-ACCOUNT")
        self.expect_failure(self.limited(NO_LOCK, *arguments), 3, "lock", "ulimit -l")
        self.assertEqual(self.objects(), [])
        self.assertEqual(self.files(), [])
        self.assertTrue(pem.exists())

    def test_token_warns_once_and_works(self) -> None:
        if not locking_is_real():
            return
        self.provisioned()
        for arguments in (("token",), ("jwt",), ("exec", "--", "true")):
            with self.subTest(arguments):
                result = self.expect(self.limited(NO_LOCK, *arguments), 0, "warning", "ulimit -l")
                self.assertEqual(result.err.count("locked"), 1, result.err)

    def test_the_usual_limit_is_enough(self) -> None:
        self.expect(self.limited("ulimit -l 8192", *CREATE), 0)
        result = self.expect(self.limited("ulimit -l 8192", "token"), 0)
        self.assertEqual(result.err, "")


class NoLockedMemoryForKeys(KeyCase):
    def test_key_create_refuses_before_anything(self) -> None:
        if not locking_is_real():
            return
        self.expect_failure(self.limited(NO_LOCK, "key", "create", "--output", self.target), 3, "lock", "ulimit -l")
        self.assertEqual(self.api.asked(), [])
        self.assert_untouched()


class Process(FaultCase):
    """Seen from beside it, as the same user."""

    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def hanging(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A run that waits for the server, with all its secrets read."""
        self.api.fault("hang", path="/token", seconds=8)
        process = background(self, *(arguments or ("token",)))
        eventually(lambda: not self.api.control("GET", "state")["faults"], "the request has arrived")
        return process

    def done(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        ended(process)

    def test_environment_and_memory_are_closed_to_the_user(self) -> None:
        process = self.hanging()
        for name in ("environ", "mem", "maps", "auxv"):
            with self.subTest(name):
                path = Path(f"/proc/{process.pid}/{name}")
                self.assertEqual(path.stat().st_uid, 0, "it belongs to root: the process is not dumpable")
                with self.assertRaises(PermissionError):
                    path.read_bytes()
        self.done(process)

    def test_nothing_secret_is_in_the_command_line(self) -> None:
        process = self.hanging()
        line = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
        for secret in (PIN, self.api.secret):
            self.assertNotIn(secret, line)
        self.done(process)

    def test_no_core_is_written(self) -> None:
        # run_command's limits are ours; make sure that there is one to lower.
        self.assertNotEqual(resource.getrlimit(resource.RLIMIT_CORE)[1], 0, "this test needs a hard limit above 0")
        process = self.hanging()
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +0 ")
        self.done(process)

    def test_secrets_in_the_environment_are_overwritten(self) -> None:
        # Root of a user namespace may read what belongs to its own root.
        script = '"$@" & pid=$!; sleep 1; cat /proc/$pid/environ; kill $pid; wait $pid; exit 0'
        argv = ["unshare", "-r", "/bin/sh", "-c", script, "sh", *self.argv("token")]
        self.api.fault("hang", path="/token", seconds=8)
        result = self.run_command(argv, env={"SSA_HSM_PIN_SOURCE": "env:HIDDEN", "HIDDEN": PIN})
        if "APS_CLIENT_ID=" not in result.out:
            note(f"the environment of a running program could not be looked at: {result.err.strip()[:200]}")
            return
        for secret in (PIN, self.api.secret):
            self.assertNotIn(secret, result.out)


class Exec(FaultCase):
    """What CMD gets to see."""

    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def test_no_secret_is_in_its_environment(self) -> None:
        env = {"SSA_HSM_PIN_SOURCE": "env:HIDDEN", "HIDDEN": PIN, "APS_CLIENT_SECRET": self.api.secret, "OTHER": "kept"}
        result = self.expect(self.run_program("exec", "--", "cat", "/proc/self/environ", env=env), 0)
        names = {entry.split("=")[0] for entry in result.out.split("\0")}
        self.assertTrue({"APS_ACCESS_TOKEN", "OTHER", "PATH"} <= names)
        self.assertFalse(names & {"HIDDEN", "APS_SECRET_ID", "APS_CLIENT_SECRET", "PRIVATE_KEY"})
        for secret in (PIN, self.api.secret):
            self.assertNotIn(secret, result.out)

    def test_no_descriptor_is_left_open(self) -> None:
        result = self.expect(self.run_program("exec", "--", "ls", "-l", "/proc/self/fd"), 0)
        open_ = re.findall(r" (\d+) -> (\S+)", result.out)
        # ls itself has its folder open.
        self.assertEqual([n for n, target in open_ if "/fd" not in target], ["0", "1", "2"])

    def test_limits_and_signals_are_as_they_were(self) -> None:
        soft = resource.getrlimit(resource.RLIMIT_CORE)[0]
        show = 'ulimit -c; grep -E "^Sig(Ign|Blk)" /proc/self/status; cat /proc/self/oom_score_adj'
        inside = self.expect(self.run_program("exec", "--", "sh", "-c", show), 0).out
        outside = self.run_command(["/bin/sh", "-c", show]).out
        self.assertEqual(inside, outside)
        self.assertEqual(inside.splitlines()[0], "unlimited" if soft == resource.RLIM_INFINITY else str(soft // 512))

    def test_it_can_be_debugged_again(self) -> None:
        result = self.expect(self.run_program("exec", "--", "stat", "-c", "%u", "/proc/self/environ"), 0)
        self.assertEqual(result.out.strip(), str(os.getuid()))


class RefusedCalls(FaultCase):
    """Kernels, sandboxes and file systems that lack a call: what is hygiene alone is done without."""

    def denied(self, rules: tuple[str, ...], *arguments: object) -> Result:
        return self.run_command(denied.argv(rules, self.argv(*arguments)))

    def all_of_it(self, *rules: str) -> None:
        self.fresh()
        old = self.dir / "old.pem"
        old.touch(mode=0o600)
        old.write_text(one_key())
        self.expect(self.denied(rules, *CREATE), 0)
        account = self.profile()["SERVICE_ACCOUNT_ID"]
        self.expect(self.denied(rules, "token"), 0)
        named = ("--key-id", "old-kid", "--account", account, "--profile", "old")
        self.expect(self.denied(rules, "key", "import", old, *named, "--shred", "--offline"), 0)
        self.assertFalse(old.exists())
        self.expect(self.denied(rules, "hsm", "list"), 0)

    def test_memory_that_cannot_be_kept_out_of_dumps_or_children(self) -> None:
        self.all_of_it("madvise@2:16=EINVAL")  # MADV_DONTDUMP
        self.all_of_it("madvise@2:18=EINVAL")  # MADV_WIPEONFORK
        self.all_of_it("madvise=ENOSYS")

    def test_limits_and_dumps_that_cannot_be_set(self) -> None:
        prctl, prlimit = (157, 302) if platform.machine() == "x86_64" else (167, 261)
        self.all_of_it(f"{prctl}@0:4=EPERM")  # PR_SET_DUMPABLE
        self.all_of_it(f"{prctl}@0:1=EPERM")  # PR_SET_PDEATHSIG
        self.all_of_it(f"{prlimit}@1:4=EPERM")  # RLIMIT_CORE

    def test_what_cannot_be_synced(self) -> None:
        for number in ("EINVAL", "EOPNOTSUPP", "ENOSYS"):
            with self.subTest(number):
                self.all_of_it(f"fsync={number}", f"fdatasync={number}")

    def test_room_that_cannot_be_reserved(self) -> None:
        for number in ("EOPNOTSUPP", "ENOSYS"):
            with self.subTest(number):
                self.all_of_it(f"fallocate={number}")

    def test_a_kernel_without_renameat2(self) -> None:
        for number in ("EINVAL", "ENOSYS"):
            with self.subTest(number):
                self.all_of_it(f"renameat2={number}")

    def test_a_disk_error_still_is_one(self) -> None:
        self.assertNotEqual(self.denied(("fsync=EIO", "fdatasync=EIO"), *CREATE).code, 0)
        self.assert_nothing_left()

    def test_memory_that_cannot_be_locked_is_said_as_what_it_is(self) -> None:
        if not locking_is_real():
            return
        result = self.denied(("mlock=ENOSYS",), *CREATE)
        self.expect_failure(result, 3, "Function not implemented", "locked", "sandbox")
        self.assertNotIn("ulimit", result.err)
        self.expect_failure(self.denied(("mlock=EPERM",), *CREATE), 3, "Operation not permitted", "locked", "sandbox")
        self.expect_failure(self.denied(("mlock=ENOMEM",), *CREATE), 3, "locked", "ulimit -l")
        self.assertEqual(self.api.asked(), [])
        self.assert_nothing_left()
        self.provisioned()
        self.expect(self.denied(("mlock=ENOSYS",), "token"), 0, "warning", "swap")


class SmallStack(FaultCase):
    """`ulimit -s`: nothing ends in the middle, whatever the libraries and the module need."""

    def test_every_command_that_makes_something(self) -> None:
        for kilobytes in (64, 96, 160):
            with self.subTest(kilobytes):
                self.fresh()
                limit = f"ulimit -s {kilobytes}"
                for arguments in (
                    ("account", "create", FIRST, LAST, "--import", "wrap"),
                    ("key", "create", "--import", "wrap", "--force"),
                    ("key", "rotate", "--now", "--import", "wrap"),
                    ("key", "list"),
                    ("hsm", "list", "--login"),
                    ("token",),
                    ("key", "verify"),
                ):
                    self.expect(self.limited(limit, *arguments), 0)

    def test_exec_signals_and_limits_are_as_ever(self) -> None:
        self.provisioned()
        show = 'ulimit -s; grep -E "^Sig(Ign|Blk|Cgt)" /proc/self/status'
        inside = self.expect(self.limited("ulimit -s 96", "exec", "--", "sh", "-c", show), 0).out
        outside = self.run_command(["/bin/sh", "-c", f"ulimit -s 96; exec sh -c '{show}'"]).out
        self.assertEqual(inside, outside)
        self.api.fault("hang", path="/token", seconds=8)
        process = self.start(["/bin/sh", "-c", 'ulimit -s 96; exec "$@"', "sh", *self.argv("token")])
        eventually(lambda: not self.api.control("GET", "state")["faults"], "the request has arrived")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(ended(process).code, -signal.SIGTERM)
