"""The proof behind scripts/prove-memory: every process of the program, and of the module's host, is searched."""

from __future__ import annotations

import argparse
import os
import pwd
import signal
import subprocess
import sys
import traceback
from pathlib import Path

import agents
import scenes
from judge import HOST, PROGRAM, SIGNER, Totals
from needles import ACCESS_TOKEN, CALLER_SECRET
from scenes import COMMANDS, Stage
from world import ROOT, CannotRun, Setup, World

# Leaks of leaky_agent.c, and what they leak.
LEAKS = {"client": ACCESS_TOKEN, "caller": CALLER_SECRET}
SCENES = ("ends", "signing", "killed", "library", "agent")


def _user(wanted: str | None) -> str | None:
    """Who the program runs as: under sudo the one who called it, whose limits are the real ones."""
    if not wanted and int(os.environ.get("SUDO_UID", "0")) != 0:
        wanted = pwd.getpwuid(int(os.environ["SUDO_UID"])).pw_name
    if wanted:
        try:
            return wanted if pwd.getpwnam(wanted).pw_uid != 0 else None
        except KeyError:
            raise CannotRun(f"there is no user {wanted}") from None
    return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="prove-memory",
        description="Proves that no process of the program holds a key, a PIN, a client secret, a caller's secret or an "
        "access token when it ends, that the module's process holds none between two calls, and that the one which talks to the "
        "network holds no key while the other signs with it.",
        epilog="Exit: 0 proven, 1 something was found or could not be read, 2 the proof could not be run.",
    )
    parser.add_argument("--program", type=Path, default=ROOT / "build/ssa-hsm", help="default: build/ssa-hsm")
    parser.add_argument("--host", type=Path, help="the program that loads the module (default: the one beside it)")
    parser.add_argument("--signer", type=Path, help="the agent's signer (default: the one beside the program)")
    parser.add_argument(
        "--scene", choices=SCENES, default="ends",
        help="ends: commands, whose processes end (default). signing: SoftHSM is in the host, and signs. killed: "
        "the module crashes, or is killed, when it has just been given something. library: a program that uses the library. "
        "agent: an agent, its signer and the host, unlocked, locked, and at their ends",
    )  # fmt: skip
    parser.add_argument("--expect-leak", choices=("program", "host", "signer"), help="succeed only when something is found there")
    parser.add_argument("--plant", help=f"with --expect-leak: which leaks of the build with leaks, of {','.join(LEAKS)}")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="copy reports and outputs there (test secrets too)")
    parser.add_argument(
        "--only", help=f"of the first scene, some of {','.join(COMMANDS)}; of agent, some of {','.join(agents.VISITS)}"
    )
    parser.add_argument("--bits", type=int, choices=(2048, 3072, 4096), help="size of the API's keys")
    parser.add_argument("--pkcs8", action="store_true", help="the API's keys come as PKCS#8, with CRLF")
    parser.add_argument("--import", dest="way", choices=("plain", "wrap"), help="how keys get into the token (auto)")
    parser.add_argument(
        "--module", choices=("p11-kit", "softhsm", "nss"), default="p11-kit",
        help="what the host loads: p11-kit's client, the token being in another process (default), or a token's own",
    )  # fmt: skip
    parser.add_argument("--shim", type=Path, default=None, help="the PKCS#11 shim, for wrap and the other scenes: "
                        "default beside the program")  # fmt: skip
    parser.add_argument("--user", help="run the program as this user (default: who called sudo, else root)")
    parser.add_argument("--timeout", type=int, default=60, help="seconds for each command")
    options = parser.parse_args()
    known = agents.VISITS if options.scene == "agent" else COMMANDS
    options.only = options.only.split(",") if options.only else list(known)
    if unknown := [name for name in options.only if name not in known]:
        parser.error(f"--only: {', '.join(unknown)}: not one of {', '.join(known)}")
    if options.plant and not set(options.plant.split(",")) <= set(LEAKS):
        parser.error(f"--plant: not some of {', '.join(LEAKS)}")
    return options


def _verdict(totals: Totals, expect_leak: str | None, plant: str | None) -> int:
    print(
        f"prove-memory: {totals.processes} processes, {totals.searches} searches, {totals.size / 1e6:.0f} MB, "
        f"{totals.hits} hits"
    )
    if totals.gaps:
        print(f"prove-memory: {totals.gaps} times something could not be searched whole")
    for failure in totals.failed:
        print(f"prove-memory: {failure}", file=sys.stderr)
    if expect_leak:
        found = totals.holders == {{"host": HOST, "signer": SIGNER}.get(expect_leak, PROGRAM)}
        found = found and (plant is None or totals.kinds == {LEAKS[leak] for leak in plant.split(",")})
        print(f"prove-memory: the planted leak was {'found' if found else 'NOT found'} in the {expect_leak} alone")
        return 0 if found else 1
    if totals.hits or totals.gaps:
        return 1
    return 2 if totals.failed else 0


def _setup(options: argparse.Namespace, program: Path) -> Setup:
    wrapped = options.way == "wrap"
    shim = options.shim or program.parent / "tests/shim/ssa-hsm-shim.so"
    if not wrapped and options.scene in ("ends", "agent"):
        shim = None
    for file in (program, shim, options.host, options.signer):
        if file and not file.exists():
            raise CannotRun(f"{file} is not there, build it first")
    return Setup(options.host, options.signer, shim, wrapped, "softhsm" if options.scene == "signing" else options.module)


def main() -> int:
    options = _arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(2))  # by way of World's clean-up
    try:
        program = options.program.resolve()
        with World(_user(options.user), options.keep, _setup(options, program)) as world:
            module = "softhsm" if options.scene == "signing" else options.module
            stage = Stage(world, program, options.timeout, options.way, module, options.plant)
            stage.control()
            shape = {"bits": options.bits or 2048}
            world.control("keys", shape | ({"format": "pkcs8", "newline": "crlf"} if options.pkcs8 else {}))
            if options.scene == "signing":
                scenes.signing(stage)
            elif options.scene == "killed":
                scenes.killed(stage)
            elif options.scene == "library":
                scenes.library(stage)
            elif options.scene == "agent":
                agents.agent(stage, options.only)
            else:
                scenes.ends(stage, options.only)
    except (CannotRun, OSError, RuntimeError, subprocess.SubprocessError) as error:
        print(f"prove-memory: did not run: {error}", file=sys.stderr)
        return 2
    except Exception:  # noqa: BLE001 - Python's own exit code for it, 1, would say that something was found
        traceback.print_exc()
        return 2
    return _verdict(stage.totals, options.expect_leak, options.plant)


if __name__ == "__main__":
    sys.exit(main())
