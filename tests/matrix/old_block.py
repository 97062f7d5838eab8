"""An old block that is imported: what may have become of it, whatever went wrong."""

from __future__ import annotations

from world import Run, World  # first: it finds the others

import dotenv

_FETCHED = "/authentication/v2/token"


# What is said where the block is gone, and something failed after that.
_TOLD = ("on the PKCS#11 token", "all is done, and the profile is saved")


def is_safe(world: World, runs: list[Run]) -> list[str]:
    """Either the block is whole, or its key is on the token, in a profile, and was proved at the API."""
    codes = [run.code for run in runs]
    problems = []
    if world.old_is_there():
        return ["success, and the key is still in the file"] if codes == [0] else []
    if codes != [0] and all(code > 0 for code in codes) and not any(told in run.err for run in runs for told in _TOLD):
        problems.append(f"the old block is not whole any more, and nothing says where its key is: exit {codes}")
    if not any(r["path"].endswith(_FETCHED) and r["status"] == 200 for r in world.api.requests()):
        problems.append("the old block was destroyed, and no access token was fetched before")
    return problems + _at_home(world)


def _at_home(world: World) -> list[str]:
    kid = world.old_kid()
    problems = []
    if ("Private", kid) not in world.a.objects():
        problems.append("the old block was destroyed, and its key is not on the token")
    profiles = [*world.a.profiles().values(), _in_place(world)]
    if not any(p.get("KEY_ID") == kid and p.get("APS_SECRET_ID") == world.api.secret for p in profiles):
        problems.append("the old block was destroyed, and no profile has its key and its client secret")
    return problems


def _in_place(world: World) -> dict[str, str]:
    """The profile that has replaced the block; empty for an end that was broken off."""
    text = world.old_block.read_text() if world.old_block.exists() else ""
    return {} if "\0" in text else dotenv.parse(text)


def again(world: World, argv: tuple[str, ...]) -> tuple[Run | None, list[str]]:
    """The same command once more ends what is not done."""
    if not world.old_block.exists() or _in_place(world).get("PRIVATE_KEY", "").startswith("pkcs11:"):
        return None, _at_home(world)
    run = world.a.run(*argv, "--pin-retry", profile="before")
    problems = [] if run.code == 0 else [f"the same again: exit {run.code}: {run.err.strip()[:300]}"]
    if world.old_is_there():
        problems.append("the same again, and the key is still in the file")
    return run, problems + _at_home(world)
