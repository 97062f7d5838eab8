"""examples/agent: what users put into their programs. Each asks the agent, else it runs `ssa-hsm token`."""

from __future__ import annotations

import shutil
from pathlib import Path

import places
from agent_process import AgentCase
from harness import note

EXAMPLES = places.documents() / "examples" / "agent"
PYTHON = """\
import requests
from ssa_hsm_auth import SsaHsmAuth
with requests.Session() as session:
    session.auth = SsaHsmAuth("data:read")
    print(session.prepare_request(requests.Request("GET", "https://localhost/")).headers["Authorization"])
"""
NODE = """\
const { SsaHsmAuthenticationProvider } = require('./ssa-hsm-auth.js');
new SsaHsmAuthenticationProvider().getAccessToken(['data:read']).then((token) => console.log('Bearer ' + token));
"""
JAVA_INTERFACE = """\
package com.autodesk.aps.sdkmanager;
public interface IAuthenticationProvider { String getAccessToken(Iterable<String> scopes); }
"""
JAVA = """\
public class Main {
    public static void main(String[] words) {
        System.out.println("Bearer " + new SsaHsmAuthenticationProvider().getAccessToken(java.util.List.of("data:read")));
    }
}
"""


class Adapters(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.work = self.dir / "work"
        self.work.mkdir()
        for example in EXAMPLES.iterdir():
            shutil.copy(example, self.work)
        self.provisioned()

    def write(self, name: str, text: str) -> Path:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def check(self, *words: object) -> None:
        """Without an agent, by the program; and by the agent alone, where nothing else is."""
        argv = [str(word) for word in words]
        programs = self.dir / "bin"
        programs.mkdir()
        (programs / "ssa-hsm").symlink_to(places.program())
        alone = self.expect(self.run_command(argv, env={"PATH": f"{programs}:{places.PATH}"}), 0).out
        self.assertRegex(alone, r"\ABearer \S+\n\Z")
        self.begin()
        bare = {"PATH": "/nowhere", "SSA_HSM_PIN_SOURCE": None, "SSA_HSM_MODULE": None, "HOME": str(self.work)}
        got = self.expect(self.run_command(argv, env=bare), 0).out
        self.assertRegex(got, r"\ABearer \S+\n\Z")
        self.assertNotEqual(got, alone)
        # The agent has one for all; and another place of it is heard.
        self.assertEqual(self.expect(self.run_command(argv, env={**bare, "SSA_HSM_AGENT": str(self.socket)}), 0).out, got)
        # One that refuses is none.
        self.expect(self.run_program("agent", "lock"), 0)
        self.assertNotEqual(self.run_command(argv, env=bare).code, 0)

    def test_python(self) -> None:
        self.check(places.tool("python3"), self.write("main.py", PYTHON))

    def test_node(self) -> None:
        self.check(places.tool("node"), self.write("main.js", NODE))

    def test_java(self) -> None:
        compiler, java = (shutil.which(name, path=places.PATH) for name in ("javac", "java"))
        if compiler is None or java is None:
            return note("javac is not installed: the adapter for Java is not run")
        interface = self.write("com/autodesk/aps/sdkmanager/IAuthenticationProvider.java", JAVA_INTERFACE)
        main = self.write("Main.java", JAVA)
        sources = (interface, main, self.work / "SsaHsmAuthenticationProvider.java")
        self.expect(self.run_command([compiler, "-Xlint:all", "-d", str(self.work), *map(str, sources)]), 0)
        self.check(java, "-cp", self.work, "Main")
