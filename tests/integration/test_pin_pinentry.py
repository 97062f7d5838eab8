"""The PIN from a pinentry: a stand-in that says what a test wants, and the real ones at a terminal."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import places
from fault_support import background, ended, eventually
from harness import SLOW, Terminal
from pin_support import PIN, WRONG, PinCase

WAIT = 15 * SLOW
# The names that a pinentry needs to show itself; the shell adds its own three.
ALLOWED = {
    "PATH", "HOME", "LANG", "TERM", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS", "GPG_TTY", "PWD", "OLDPWD", "SHLVL", "_",
}  # fmt: skip
SCRIPT = """#!/bin/sh
here={here}
echo $$ >"$here/pid"
env >"$here/environment"
echo 'OK Pleased to meet you'
while IFS= read -r line; do
    printf '%s\\n' "$line" >>"$here/heard"
    case $line in
    GETPIN) {getpin} ;;
    BYE) echo 'OK closing connection'; exit 0 ;;
    *) echo OK ;;
    esac
done
"""
CANCELLED = "echo 'ERR 83886179 Operation cancelled <Pinentry>'"


class PinentryCase(PinCase):
    def fake(self, getpin: str, name: str = "pinentry-fake") -> Path:
        """A pinentry that answers GETPIN with these lines of shell, and the settings lead to it."""
        folder = self.dir / "pinentry"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text(SCRIPT.format(here=folder, getpin=getpin))
        path.chmod(0o700)
        self.env["SSA_HSM_PIN_SOURCE"] = f"pinentry:{path}"
        return path

    def heard(self) -> list[str]:
        path = self.dir / "pinentry" / "heard"
        return path.read_text().splitlines() if path.exists() else []

    def assert_gone(self) -> None:
        pid = (self.dir / "pinentry" / "pid").read_text().strip()
        eventually(lambda: not Path("/proc", pid).exists(), "the pinentry has ended")


class Fake(PinentryCase):
    def test_its_pin_is_tried_once(self) -> None:
        self.fake(f"echo 'D {PIN}'; echo OK")
        with self.shim() as log:
            self.jwt(code=0)
        self.assertEqual(log.count("C_Login"), 1)
        self.assertEqual(self.heard()[-2:], ["GETPIN", "BYE"])
        self.assert_gone()

    def test_data_may_be_escaped_and_come_in_parts(self) -> None:
        escaped = "".join(f"%{byte:02X}" for byte in PIN[2:].encode())
        self.fake(f"echo 'D {PIN[:2]}'; echo '# so far'; echo 'D {escaped}'; echo OK")
        self.jwt(code=0)

    def test_it_is_found_in_path(self) -> None:
        path = self.fake(f"echo 'D {PIN}'; echo OK", "pinentry")
        self.env["SSA_HSM_PIN_SOURCE"] = "pinentry"
        self.env["PATH"] = f"{path.parent}:{places.PATH}"
        self.jwt(code=0)
        self.assertIn("GETPIN", self.heard())

    def test_the_option_goes_before_the_environment(self) -> None:
        path = self.fake(f"echo 'D {PIN}'; echo OK")
        self.env["SSA_HSM_PIN_SOURCE"] = "file:/nowhere"
        self.jwt("--pin-source", f"pinentry:{path}", code=0)

    def test_it_shows_which_token_is_meant(self) -> None:
        self.fake(CANCELLED)
        self.jwt(code=5)
        serial = self.values["PRIVATE_KEY"].split("serial=")[1].split(";")[0]
        shown = next(line for line in self.heard() if line.startswith("SETDESC "))
        self.assertIn("work", shown)
        self.assertIn(serial, shown)
        self.assertIn("SETTIMEOUT 120", self.heard())

    def test_it_sees_no_secrets(self) -> None:
        self.fake(f"echo 'D {PIN}'; echo OK")
        self.env["APS_SECRET_ID"] = "a-client-secret"
        self.jwt(code=0)
        lines = (self.dir / "pinentry" / "environment").read_text().splitlines()
        names = {line.split("=", 1)[0] for line in lines}
        self.assertEqual({name for name in names - ALLOWED if not name.startswith("LC_")}, set())
        self.assertIn(f"HOME={self.home}", lines)

    def test_a_cancel_ends_the_command(self) -> None:
        self.fake(CANCELLED)
        with self.shim() as log:
            self.jwt(code=5, words=("cancelled; nothing was done", "GPG_ERR_CANCELED"))
        self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(self.heard().count("GETPIN"), 1)
        self.assertEqual(self.records(), [])
        self.assert_gone()

    def test_a_cancel_ends_it_at_a_terminal_too(self) -> None:
        self.fake(CANCELLED)
        result = self.run_program("jwt", tty=True)
        self.expect(result, 5, "cancelled")
        self.assertNotIn("PIN of token", result.err)

    def test_its_own_time_limit_is_told(self) -> None:
        self.fake("echo 'ERR 83886142 Timeout <Pinentry>'")
        self.jwt(code=5, words=("nobody answered in 120 s",))

    def test_a_wrong_pin_is_a_persons(self) -> None:
        """Not asked for again, and no record keeps the next try away."""
        self.fake(f"echo 'D {WRONG}'; echo OK")
        self.jwt(code=5, words=("CKR_PIN_INCORRECT",))
        self.assertEqual(self.heard().count("GETPIN"), 1)
        self.assertEqual(self.records(), [])
        self.fake(f"echo 'D {PIN}'; echo OK")
        self.jwt(code=0)

    def test_the_last_try_is_not_asked_for_without_a_yes(self) -> None:
        self.fake(f"echo 'D {PIN}'; echo OK")
        with self.shim("token flags +CKF_USER_PIN_FINAL_TRY") as log:
            self.jwt(code=15, words=("CKF_USER_PIN_FINAL_TRY",))
        self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(self.heard(), [])

    def test_what_is_none_is_told(self) -> None:
        for getpin, words in (
            ("echo OK", "nothing was typed"),
            (f"echo {PIN}", "does not speak the protocol"),
            (f"printf 'D {PIN}'; exit 1", "ended without an answer"),
            ("kill -9 $$", "ended without an answer"),
            ("echo 'ERR 83918950 Inappropriate ioctl for device <Pinentry>'", "Inappropriate ioctl"),
        ):
            with self.subTest(getpin):
                self.fake(getpin)
                result = self.jwt(code=5, words=(words,))
                self.assertNotIn(PIN, result.err)
                self.assert_gone()

    def test_one_that_is_not_there_is_told(self) -> None:
        self.env["SSA_HSM_PIN_SOURCE"] = "pinentry:/nowhere/pinentry"
        with self.shim() as log:
            self.jwt(code=3, words=("/nowhere/pinentry", "cannot be run"))
        self.assertEqual(log.count("C_Login"), 0)

    def test_a_signal_ends_both(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number.name):
                self.fake("exec sleep 300")
                process = background(self, "jwt")
                eventually(lambda: "GETPIN" in self.heard(), "the pinentry asks")
                began = time.monotonic()
                process.send_signal(number)
                result = ended(process)
                self.assertEqual((result.code, result.out), (-number, ""), str(result))
                self.assertLess(time.monotonic() - began, 3 * SLOW)
                self.assert_gone()
                (self.dir / "pinentry" / "heard").unlink()


class Real(PinentryCase):
    """Debian's pinentry-tty and pinentry-curses, typed at."""

    @contextlib.contextmanager
    def asked(self, name: str, shows: str) -> Iterator[Terminal]:
        self.env["SSA_HSM_PIN_SOURCE"] = f"pinentry:{places.tool(name)}"
        self.env["TERM"] = "xterm"
        with self.terminal("jwt") as terminal:
            terminal.wait_for(shows, WAIT)
            terminal.wait_echo(False, WAIT)
            time.sleep(0.2)  # what is typed before it has set the terminal is dropped
            yield terminal
            self.assertTrue(terminal.echo())
            self.assertNotIn(PIN, terminal.screen)

    def test_a_pin_typed_at_the_terminal(self) -> None:
        with self.asked("pinentry-tty", "PIN") as terminal:
            self.assertIn("work", terminal.screen)
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(WAIT), 0, terminal.screen)
            self.assertEqual(terminal.out.count("."), 2)

    def test_a_pin_typed_into_the_window(self) -> None:
        with self.asked("pinentry-curses", "Cancel") as terminal:
            self.assertIn("work", terminal.screen)
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(WAIT), 0, terminal.screen)

    def test_cancel_in_the_window(self) -> None:
        with self.asked("pinentry-curses", "Cancel") as terminal:
            terminal.send("12\t\t\r")
            self.assertEqual(terminal.finish(WAIT), 5, terminal.screen)
            self.assertIn("cancelled", terminal.screen)

    def test_control_c_gives_the_terminal_back(self) -> None:
        for name, shows in (("pinentry-tty", "PIN"), ("pinentry-curses", "Cancel")):
            with self.subTest(name), self.asked(name, shows) as terminal:
                terminal.send("12\x03")
                self.assertEqual(terminal.finish(WAIT), -signal.SIGINT, terminal.screen)

    def test_a_signal_gives_the_terminal_back(self) -> None:
        for name, shows in (("pinentry-tty", "PIN"), ("pinentry-curses", "Cancel")):
            with self.subTest(name), self.asked(name, shows) as terminal:
                terminal.send("12")
                terminal.signal(signal.SIGTERM)
                self.assertEqual(terminal.finish(WAIT), -signal.SIGTERM, terminal.screen)

    def test_without_a_terminal_it_says_so(self) -> None:
        self.env["SSA_HSM_PIN_SOURCE"] = f"pinentry:{places.tool('pinentry-curses')}"
        self.jwt(code=5, words=("cannot ask", "GPG_TTY"))
