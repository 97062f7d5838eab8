"""What the program meets around it: closed descriptors, no home, links, a place that is gone."""

from __future__ import annotations

import stat

import places
from harness import Case, Result


class Surroundings(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()

    def sh(self, script: str, env: dict[str, str | None] | None = None) -> Result:
        """A shell script in which "$0" is the program."""
        return self.run_command([places.tool("sh"), "-c", script, str(places.program())], env=env)

    def test_closed_standard_input_or_error_is_no_matter(self) -> None:
        self.expect(self.sh('exec "$0" token <&-'), 0)
        self.expect(self.sh('exec "$0" token 2>&-'), 0)

    def test_without_a_home_the_environment_is_enough(self) -> None:
        env: dict[str, str | None] = {"HOME": None, "XDG_CONFIG_HOME": None, "XDG_STATE_HOME": None, **self.made}
        self.expect(self.run_program("token", env=env), 0)

    def test_without_a_home_a_profile_has_no_place(self) -> None:
        env: dict[str, str | None] = {"HOME": None, "XDG_CONFIG_HOME": None}
        self.expect(self.run_program("account", "create", "service", "homeless", env=env), 3, "HOME")
        self.assertEqual(self.api.asked(), [])

    def test_without_a_home_the_history_has_no_place_either(self) -> None:
        for home in (None, "", "relative"):
            with self.subTest(home):
                env: dict[str, str | None] = {"HOME": home, "XDG_STATE_HOME": "here"}
                result = self.run_program("history", env=env)
                self.expect(result, 3, "HOME nor XDG_STATE_HOME is set to an absolute path", "Set XDG_STATE_HOME")
                self.assertNotIn("profiles", result.err)

    def test_a_relative_XDG_CONFIG_HOME_counts_as_unset(self) -> None:
        made = self.run_program("account", "create", "service", "relative", env={"XDG_CONFIG_HOME": "here"})
        self.expect(made, 0)
        self.assertTrue((self.home / ".config" / "ssa-hsm" / "default.env").exists())
        self.assertFalse((self.dir / "here").exists())

    def test_a_working_directory_that_is_gone(self) -> None:
        self.expect(self.sh('mkdir gone; cd gone; rmdir ../gone; exec "$0" token'), 0)

    def test_output_through_a_link_writes_the_file_and_keeps_the_link(self) -> None:
        target, link = self.dir / "real.env", self.dir / "link.env"
        target.write_text("OLD=1\n")
        link.symlink_to(target)
        self.expect(self.run_program("account", "create", "service", "linked", "-o", link, "--force"), 0)
        self.assertTrue(link.is_symlink())
        self.assertIn("KEY_ID", self.profile(target))
        self.assertEqual(stat.S_IMODE(target.stat().st_mode), 0o600)

    def test_the_next_program_gets_no_descriptor_and_no_umask_of_ours(self) -> None:
        result = self.expect(self.run_program("exec", "--", "sh", "-c", "umask; ls /proc/self/fd | wc -l"), 0)
        plain = self.sh("umask; ls /proc/self/fd | wc -l")
        self.assertEqual(result.out, plain.out)

    def test_no_core_is_dumped_by_us(self) -> None:
        mark, go = self.dir / "mark", self.dir / "go"
        with self.shim(f"C_Sign 1 touch {mark} wait {go}"):
            with self.start(self.argv("token")) as process:
                while not mark.exists() and process.poll() is None:
                    pass
                limits = open(f"/proc/{process.pid}/limits").read()
                owner = (self.dir / f"/proc/{process.pid}/environ").stat().st_uid
                go.touch()
                process.communicate(timeout=40)
        self.assertRegex(limits, r"Max core file size +0 +")
        self.assertEqual(owner, 0, "it can be traced and dumped")
