"""A token made by its set-up script, and a test case of the integration tests' kind that stands on it."""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
import masking  # noqa: E402
import places  # noqa: E402
from harness import Case, Result  # noqa: E402
from shimlog import CallLog  # noqa: E402

NAMES = ("softhsm", "p11-kit-remote", "nss", "nss-fips", "opencryptoki", "tpm2", "ykcs11-standin")
WRONG = "0000-bad"  # as long as all of them take
UP_TIMEOUT = 90


@functools.cache
def _kept() -> Path:
    """Where a set-up script keeps what the next token of this run is made from."""
    folder = Path(tempfile.mkdtemp(prefix="ssa-kept-"))
    atexit.register(shutil.rmtree, folder)
    return folder


class Rig:
    """One fresh token in a folder of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        answer = self.script("up")
        self.env = dict(word.split("=", 1) for word in shlex.split(answer))
        self.wrapper = shlex.split(self.env.get("TEST_WRAPPER", ""))
        if self.wrapper:
            # With its path: the terminal's exec does not search.
            self.wrapper[0] = places.tool(self.wrapper[0])
        self.pin = self.env["TEST_PIN"]
        self.so_pin = self.env.get("TEST_SO_PIN")
        self.label = unquote(self.env["SSA_HSM_TOKEN"].split("token=", 1)[1])
        self.can_import = self.env["TEST_CAN_IMPORT"] == "yes"
        self.takes_plain = self.env.get("TEST_TAKES_PLAIN") != "no"
        self.can_put = self.env.get("TEST_CAN_PUT") == "yes"
        self.can_double = self.env.get("TEST_CAN_DOUBLE") == "yes"
        self.locks_after = int(self.env["TEST_LOCKS_AFTER"])

    def script(self, verb: str, *arguments: str) -> str:
        env = {"PATH": places.PATH, "LC_ALL": "C.UTF-8", "HOME": str(self.folder.parent)}
        env["TEST_KEPT"] = str(_kept())
        if self.name == "ykcs11-standin":
            env["SSA_SHIM_LIBRARY"] = str(places.shim_library())
        if self.name == "nss-fips":
            env["SSA_NSS_FIPS_LIBRARY"] = str(places.nss_fips_library())
        done = subprocess.run(
            [str(HERE / self.name), verb, str(self.folder), *arguments], env=env, capture_output=True, text=True,
            timeout=UP_TIMEOUT, check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"{self.name} {verb}: {masking.mask(done.stderr)}")
        return done.stdout

    def for_program(self) -> dict[str, str]:
        return {name: value for name, value in self.env.items() if not name.startswith("TEST_")}

    def _file(self) -> Path | None:
        """p11-kit's file about the module, where that goes by a name."""
        name = self.env["SSA_HSM_MODULE"]
        return None if "/" in name else Path(self.env["XDG_CONFIG_HOME"], "pkcs11", "modules", f"{name}.module")

    def _lines(self) -> dict[str, str]:
        file = self._file()
        return dict(line.split(": ", 1) for line in file.read_text().splitlines()) if file else {}

    @property
    def library(self) -> str:
        return self._lines().get("module") or self.env["SSA_HSM_MODULE"]

    @property
    def reserved(self) -> str:
        """The string that the module starts with."""
        return self._lines().get("x-init-reserved", "")

    def eye(self, *arguments: str) -> Any:
        """What eye.py sees."""
        env = {"PATH": places.PATH, "HOME": str(self.folder.parent), **self.for_program(), "TEST_PIN": self.pin}
        env |= {"SSA_SHIM_LIBRARY": self.library, "EYE_LABEL": self.label}
        if self.reserved:
            env["EYE_RESERVED"] = self.reserved
        done = subprocess.run(
            [*self.wrapper, sys.executable, "-B", str(HERE / "eye.py"), *arguments], env=env, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"{self.name}: eye.py {arguments}: exit {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout)

    @contextmanager
    def spied(self, env: dict[str, str], log: Path) -> Iterator[CallLog]:
        """Puts the shim, with no script, before the module, in env, so that calls are counted."""
        before, calls, file = dict(env), CallLog(log), self._file()
        text = file.read_text() if file else ""
        env["SSA_SHIM_LOG"] = str(log)
        if "SSA_SHIM_MODULE" not in env:
            shim = str(places.shim_library())
            env["SSA_SHIM_MODULE"] = self.library
            if file:
                file.write_text(re.sub(r"(?m)^module: .*$", f"module: {shim}", text))
            else:
                env["SSA_HSM_MODULE"] = shim
        try:
            yield calls
        finally:
            env.clear()
            env.update(before)
            if file:
                file.write_text(text)


class TokenCase(Case):
    """self.rig is the token; everything else is as in the integration tests."""

    token = ""

    def setUp(self) -> None:
        super().setUp()
        # Nothing is to be found in the harness's own token.
        self.env.pop("SOFTHSM2_CONF")
        folder = self.dir / "token"
        self.rig = Rig(self.token, folder)
        self.addCleanup(self.rig.script, "down")
        self.env.update(self.rig.for_program())
        self.config = Path(self.env["XDG_CONFIG_HOME"])
        self.write_pin(self.rig.pin)
        if self.rig.so_pin:
            file = self.dir / "so-pin"
            file.touch(mode=0o600)
            file.write_text(self.rig.so_pin + "\n")
            self.env["SSA_HSM_SO_PIN_SOURCE"] = f"file:{file}"

    def argv(self, *arguments: object) -> list[str]:
        return [*self.rig.wrapper, *super().argv(*arguments)]

    def write_pin(self, pin: str) -> None:
        """Replaces the file, as a secret manager does."""
        draft = self.dir / "pin.new"
        draft.touch(mode=0o600)
        draft.write_text(pin + "\n")
        os.replace(draft, self.dir / "pin")

    def expect(self, result: Result, code: int, *words: str, out: str | None = None) -> Result:
        super().expect(result, code, *words, out=out)
        for secret in filter(None, (self.rig.pin, self.rig.so_pin)):
            shown = re.search(rf"(?<![0-9a-fA-F]){re.escape(secret)}(?![0-9a-fA-F])", result.out + result.err)
            self.assertIsNone(shown, "the PIN was shown")
        if code:
            self.assertEqual(result.out, "")
            self.assertRegex(result.err, r"(?m)^ssa-hsm: ", "a failure must say why")
        return result
