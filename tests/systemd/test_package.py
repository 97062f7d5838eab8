"""Debian's packages in /packages while agents run: installed again, and removed. Nothing is left of them."""

from __future__ import annotations

import os
import sys
import unittest
from pathlib import Path

import machine
import test_host_unit
import test_user_unit
from machine import Unit, request, run, wait_until

PACKAGES = Path("/packages")


def setUpModule() -> None:
    if not list(PACKAGES.glob("*.deb")):
        raise unittest.SkipTest(f"{PACKAGES} has no packages")


class Packages(unittest.TestCase):
    def test_what_becomes_of_agents(self) -> None:
        machine.begin()
        self.addCleanup(machine.end)
        test_host_unit.provision()
        self.addCleanup(test_host_unit.clean_up)
        test_user_unit.provision()
        test_user_unit.write_unattended()
        self.addCleanup(test_user_unit.clean_up)
        host = Unit(f"ssa-hsm-agent@{test_host_unit.NAME}.service")
        person = Unit("ssa-hsm-agent.service", test_user_unit.USER)
        for name in ("pin", "client-secret"):
            test_host_unit.credential(name, {"pin": machine.PIN, "client-secret": machine.SECRET}[name])
        for unit in (host, person):
            socket = Unit(unit.name.replace(".service", ".socket"), unit.user)
            self.assertEqual(socket.ctl("is-enabled", ok=False).strip(), "disabled")
            unit.ctl("start")
        before = {unit.name: unit.show("MainPID") for unit in (host, person)}

        run("dpkg", "--install", *(str(package) for package in sorted(PACKAGES.glob("*.deb"))))
        self.assertNotIn(host.show("MainPID"), ("0", before[host.name]), "is of the new version")
        self.assertEqual(person.show("MainPID"), before[person.name], "a person may have typed the PIN")
        self.assertEqual(request(test_host_unit.SOCKET, "/v1/token")[0], 200)

        wait_until("both have logged in", lambda: len(host.processes()) == len(person.processes()) == 3)
        processes = {**host.processes(), **person.processes()}
        names = [line.split(":")[0] for line in run("dpkg-query", "--show", "--showformat=${Package}:${Source}\n").splitlines()
                 if line.split(":")[0] == "ssa-hsm" or line.split(":")[1] == "ssa-hsm"]  # fmt: skip
        run("dpkg", "--remove", *names)
        wait_until("all agents end", lambda: not [pid for pid in processes if Path(f"/proc/{pid}").exists()])
        with self.assertRaises(OSError):
            request(test_host_unit.SOCKET, "/v1/token")
        self.assertTrue(test_host_unit.STATE.exists(), "has records of wrong PINs")
        run("dpkg", "--purge", *names)
        self.assertFalse(test_host_unit.STATE.exists())
        self.assertFalse(Path("/var/lib/private/ssa-hsm-agent").exists())


if __name__ == "__main__":
    # A test that did not run is no success here.
    done = unittest.main(exit=False).result
    sys.exit(77 if done.skipped else os.EX_OK if done.wasSuccessful() else 1)
