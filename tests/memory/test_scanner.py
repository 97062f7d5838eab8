#!/usr/bin/python3
"""Does the search find what is there, whatever way a process ends, and nothing where nothing is? Needs root."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import control  # noqa: E402
import needles  # noqa: E402
import search  # noqa: E402

# What the programs below start with: they take the secret from a file, for an argument would itself be in memory.
_TAKE = "import ctypes, mmap, os, signal, sys, threading, time; secret = open(sys.argv[1], 'rb').read();"
_IN_THREAD = "threading.Thread(target=lambda: (time.sleep(0.2), {})).start();"


@unittest.skipUnless(os.geteuid() == 0, "only root may look into other processes")
class Tracing(unittest.TestCase):
    folder: Path
    scanner: Path
    secret: Path

    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name)
        cls.scanner = search.build_scanner(cls.folder)
        cls.secret = cls.folder / "secret"
        cls.secret.write_bytes(os.urandom(24))

    def trace(self, command: list[str], *options: str) -> Any:
        source = needles.Source([], [], {}, {"it": str(self.secret)})
        return control.trace(command, self.scanner, source, self.folder, list(options), stderr=subprocess.DEVNULL)

    def python(self, code: str) -> Any:
        return self.trace(["/usr/bin/python3", "-c", _TAKE + code, str(self.secret)])

    def stop(self, report: Any, occasion: str) -> Any:
        found = [stop["findings"] for stop in report["stops"] if stop["occasion"] == occasion]
        self.assertEqual(len(found), 1, report["stops"])
        return found[0]

    def assert_clean(self, report: Any) -> None:
        self.assertEqual([stop["findings"]["gaps"] for stop in report["stops"] if stop["findings"]["gaps"]], [])
        self.assertEqual(report["trouble"], [])

    def test_every_place_of_the_control_is_found_and_no_other(self) -> None:
        leaky = control.build_leaky(self.folder)
        secrets, source = control.hide(self.folder)
        report = control.trace([str(leaky), str(secrets)], self.scanner, source, self.folder, [])
        self.assertEqual(control.missed(report), [])
        self.assert_clean(report)
        for stop in report["stops"]:
            for hit in stop["findings"]["hits"]:
                name = hit["needle"].removeprefix("control: ").partition(",")[0]
                self.assertRegex(hit["where"], control.PLACES[name])

    def test_the_control_notices_a_blind_search(self) -> None:
        self.assertEqual(control.missed({"stops": []}), list(control.PLACES))

    def test_a_program_without_the_secret_is_read_whole_and_clean(self) -> None:
        report = self.trace(["/bin/true"])
        found = self.stop(report, "exit")
        self.assert_clean(report)
        self.assertEqual((found["hits"], report["status"]), ([], 0))
        self.assertGreater(found["size"], 1_000_000)
        self.assertEqual(found["needles"], 3)

    def test_the_environment_is_searched(self) -> None:
        source = needles.Source([], [], {"it": str(self.folder / "text")}, {})
        (self.folder / "text").write_bytes(b"Sesame-Opens-Itself")
        report = control.trace(
            ["/bin/true"], self.scanner, source, self.folder, [], env={"IT": "Sesame-Opens-Itself", "PATH": "/bin"}
        )
        places = [hit["where"].split()[0] for hit in self.stop(report, "exit")["hits"]]
        self.assertIn("[stack]", places)  # and perhaps a register, where the loader read it last

    def test_a_process_killed_by_a_signal_is_searched(self) -> None:
        report = self.python(_IN_THREAD.format("1") + "os.kill(os.getpid(), signal.SIGSEGV); time.sleep(9)")
        self.assertTrue(self.stop(report, "killed by SIGSEGV")["hits"])
        self.assertEqual(report["status"], -11)
        self.assert_clean(report)

    def test_a_child_that_aborts_is_searched(self) -> None:
        report = self.python("pid = os.fork(); pid or os.abort(); os.waitpid(pid, 0); secret = None; os._exit(7)")
        self.assertTrue(self.stop(report, "killed by SIGABRT")["hits"])
        self.assertEqual(report["status"], 7)
        self.assert_clean(report)

    def test_the_memory_that_exec_replaces_is_searched(self) -> None:
        report = self.python("os.execv('/bin/true', ['true'])")
        self.assertTrue(self.stop(report, "exec")["hits"])
        self.assertEqual(self.stop(report, "exit")["hits"], [])
        self.assert_clean(report)

    def test_exec_by_another_thread_is_searched_and_so_is_its_program(self) -> None:
        report = self.python(_IN_THREAD.format("os.execv('/bin/true', ['true'])") + "time.sleep(30)")
        found = self.stop(report, "exec")
        self.assertTrue(found["hits"])
        self.assertEqual(found["threads"], 2)
        self.assertEqual(self.stop(report, "exit")["hits"], [])
        self.assert_clean(report)

    def test_a_failed_exec_does_not_hide_the_exit(self) -> None:
        report = self.python("\ntry: os.execv('/nonexistent', ['x'])\nexcept OSError: pass\nos._exit(0)")
        self.assertTrue(self.stop(report, "exit")["hits"])
        self.assert_clean(report)

    def test_a_first_thread_that_ended_earlier_hides_nothing(self) -> None:
        report = self.python(_IN_THREAD.format("os._exit(0)") + "ctypes.CDLL(None).syscall(60, 0)")
        self.assertTrue(self.stop(report, "exit")["hits"])
        self.assertEqual(self.stop(report, "thread exit")["mappings"], 0)
        self.assert_clean(report)

    def test_a_process_whose_threads_all_end_one_by_one_is_searched(self) -> None:
        report = self.python(
            "c = ctypes.CDLL(None); [threading.Thread(target=c.syscall, args=(60, 0)).start() for _ in range(8)];"
            "c.syscall(60, 0)"
        )
        whole = [stop["findings"] for stop in report["stops"] if stop["findings"]["mappings"]]
        self.assertEqual(len(whole), 1)
        self.assertTrue(whole[0]["hits"])
        self.assert_clean(report)

    def test_a_child_started_in_its_parents_memory_is_no_false_alarm(self) -> None:
        report = self.python("pid = os.posix_spawn('/bin/true', ['true'], {}); os.waitpid(pid, 0); os._exit(0)")
        found = self.stop(report, "exec (in its parent's memory)")
        self.assertEqual((found["mappings"], found["hits"]), (0, []))
        self.assertEqual(len([stop for stop in report["stops"] if stop["occasion"] == "exit"]), 2)
        self.assert_clean(report)

    def test_children_started_in_their_parents_memory_at_once_are_no_false_alarm(self) -> None:
        # By ctypes, which lets the others go on.
        report = self.python(
            "c = ctypes.CDLL(None); none = (ctypes.c_char_p * 1)(); true = (ctypes.c_char_p * 2)(b'true', None);"
            "start = lambda: c.posix_spawn(ctypes.byref(ctypes.c_int()), b'/bin/true', None, None, true, none);"
            "threads = [threading.Thread(target=start) for _ in range(16)];"
            "[thread.start() for thread in threads]; [thread.join() for thread in threads];"
            "[os.wait() for _ in threads]; os._exit(0)"
        )
        occasions = [stop["occasion"] for stop in report["stops"]]
        self.assertEqual(occasions.count("exec (in its parent's memory)"), 16)
        self.assertEqual(occasions.count("exec"), 0)
        self.assertEqual(occasions.count("exit"), 17)
        self.assert_clean(report)

    def hold(self, code: str) -> Any:
        here, go = self.folder / "here", self.folder / "go"
        for path in (here, go):
            path.unlink(missing_ok=True)
        wait = f"open('{here}', 'w'); [time.sleep(0.01) for _ in iter(lambda: os.path.exists('{go}'), True)]; "
        command = ["/usr/bin/python3", "-c", _TAKE + code.format(wait=wait), str(self.secret)]
        return self.trace(command, "--hold", str(here), str(go))

    def test_all_processes_are_searched_while_one_is_held(self) -> None:
        report = self.hold("pid = os.fork(); {wait}os._exit(0) if pid == 0 else os.waitpid(pid, 0); os._exit(0)")
        held = [stop["findings"] for stop in report["stops"] if stop["occasion"] == "held here"]
        self.assertEqual(len(held), 2)
        self.assertTrue(all(found["hits"] and found["mappings"] for found in held))
        self.assert_clean(report)

    def test_what_was_never_held_is_told(self) -> None:
        report = self.hold("os._exit(0)")
        self.assertEqual(report["trouble"], ["nothing held the program: here"])

    def test_a_program_is_searched_whenever_it_waits_for_a_message(self) -> None:
        code = "import socket; a, b = socket.socketpair(); b.send(b'xx'); a.recv(1); a.recv(1); os._exit(0)"
        command = ["/usr/bin/python3", "-c", _TAKE + code, str(self.secret)]
        for name, times in (("python3", 2), ("another", 0)):
            report = self.trace(command, "--at-rest", name)
            found = [stop["findings"] for stop in report["stops"] if stop["occasion"] == "at rest"]
            self.assertEqual(len(found), times)
            self.assertTrue(all(one["hits"] for one in found))
            self.assert_clean(report)

    def test_a_secret_across_two_reads_is_found(self) -> None:
        # The mapping is as large as several reads; wherever it starts, one of these lies across two of them.
        report = self.python(
            "m = mmap.mmap(-1, 64 << 20);"
            "[m.__setitem__(slice(i - 12, i + 12), secret) for i in range(1 << 20, 64 << 20, 1 << 20)];"
            "os._exit(0)"
        )
        hits = [hit for hit in self.stop(report, "exit")["hits"] if re.search("/dev/zero", hit["where"])]
        self.assertEqual(len(hits), 63 * 3)

    def test_memory_that_cannot_be_read_is_told(self) -> None:
        report = self.python(
            "c = ctypes.CDLL(None); fd = c.syscall(447, 0);"
            "fd < 0 and os._exit(9);"
            "os.ftruncate(fd, 4096); m = mmap.mmap(fd, 4096); m[0] = 1; os._exit(0)"
        )
        if report["status"] == 9:
            self.skipTest("this kernel has no memfd_secret")
        self.assertRegex(" ".join(self.stop(report, "exit")["gaps"]), r"secretmem.*read 0 of 4096 bytes")

    def test_pages_past_the_end_of_a_file_are_no_gap(self) -> None:
        report = self.python(
            "fd = os.memfd_create('short'); os.ftruncate(fd, 8192); m = mmap.mmap(fd, 8192);"
            "os.ftruncate(fd, 100); os._exit(0)"
        )
        self.assert_clean(report)

    def test_signals_and_job_control_stay_what_they_are(self) -> None:
        report = self.python(
            "signal.signal(signal.SIGUSR1, lambda *_: os._exit(5));"
            "pid = os.fork();"
            "pid or (os.kill(os.getpid(), signal.SIGSTOP), os._exit(0));"
            "os.waitpid(pid, os.WUNTRACED); os.kill(pid, signal.SIGCONT); os.waitpid(pid, 0);"
            "os.kill(os.getpid(), signal.SIGUSR1); time.sleep(9)"
        )
        self.assertEqual(report["status"], 5)
        self.assert_clean(report)

    def test_a_program_that_hangs_is_ended(self) -> None:
        began = time.monotonic()
        with self.assertRaises(RuntimeError):
            self.trace(["/bin/sleep", "61.25"], "--timeout", "1")
        self.assertLess(time.monotonic() - began, 5)
        self.assertNotEqual(subprocess.run(["pgrep", "-fx", "/bin/sleep 61.25"], check=False).returncode, 0)

    def test_a_program_that_is_not_there_is_an_error(self) -> None:
        with self.assertRaises(RuntimeError):
            self.trace(["/nonexistent/program"])

    def test_the_program_runs_as_the_wanted_user(self) -> None:
        report = self.trace(["/bin/sh", "-c", '[ "$(id -un)" = nobody ]'], "--user", "nobody")
        self.assertEqual(report["status"], 0)
        self.assert_clean(report)


if __name__ == "__main__":
    unittest.main()
