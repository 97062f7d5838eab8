"""The commands that messages suggest: which kinds there are in the source, and whether the program accepts one.

A kind is a command without the options that the program adds from its own command line, and with "_" for each value:
`ssa-hsm key delete K1 --account A1 --profile an` is of the kind "key delete _ --account _".
"""

from __future__ import annotations

import functools
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import places

# No message below src/cli names a command.
_SOURCE = places.ROOT / "src" / "cli"
# What the program adds from its own command line; those of the second line have no value.
_ADDED = {"--profile", "--client-id", "--token", "--module", "--pin-source", "--so-pin-source", "--base-url",
          "--audience", "--cacert", "--capath"}  # fmt: skip
_ADDED_ALONE = {"--insecure-http"}
_WITH_VALUE = {"--account", "--key", "--label", "--slot", "--key-id"}
_SUGGESTED = re.compile(r"`(ssa-hsm [^`]*)`")
# It names the command that was meant, and not its arguments.
_NEAREST = re.compile(r"Did you mean `[^`]*`\?")
_LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')
# What another program does with our output is not looked at.
_NEXT_PROGRAM = re.compile(r"\s(?:\||&&|>)\s")
_HELP = "--help"


@functools.cache
def _command_names() -> frozenset[str]:
    text = "".join(path.read_text() for path in _SOURCE.rglob("*.c"))
    return frozenset(re.findall(r'const struct command \w+ = \{\s*\.name = "([a-z -]+)"', text))


def kind(command: str) -> str:
    """The kind of a command; shlex.split takes it apart as a shell does."""
    command = _NEXT_PROGRAM.split(command)[0]
    words = shlex.split(command)[1:]
    if command.endswith(_HELP):
        return _HELP
    name = next((n for n in (" ".join(words[:2]), " ".join(words[:1])) if n in _command_names()), "")
    parts = [name]
    rest = iter(words[len(name.split()) :])
    for word in rest:
        if word in _ADDED:
            next(rest, None)
        elif word in _WITH_VALUE:
            next(rest, None)
            parts.append(f"{word} _")
        elif word not in _ADDED_ALONE:
            parts.append(word if word.startswith("-") else "_")
    return " ".join(parts)


def in_message(text: str) -> list[str]:
    """The commands of ours that a message suggests, as they stand there."""
    return _SUGGESTED.findall(_NEAREST.sub("", text))


def _literals(text: str) -> Iterator[str]:
    """The string literals of a C file; those that stand beside each other are one."""
    text = re.sub(r"(?m)^\s*//.*$", "", text)
    joined, end = "", None
    for literal in _LITERAL.finditer(text):
        if end is not None and not re.fullmatch(r"[\sA-Z_\\]*", text[end : literal.start()]):
            yield joined
            joined = ""
        joined += literal[1]
        end = literal.end()
    yield joined


@functools.cache
def in_source() -> dict[str, set[str]]:
    """Each kind that a message of the source has, with the files that have it. Help pages are left out."""
    found: dict[str, set[str]] = {}
    for path in sorted(_SOURCE.rglob("*.c")):
        if path.name == "help.c" or path.parent.name == "help":
            continue
        for literal in _literals(path.read_text()):
            # The option and the account's id are there where the account was named.
            for command in in_message(literal.replace("%s%s%s`", "_ --account _`")):
                found.setdefault(kind(command), set()).add(str(path.relative_to(_SOURCE)))
    return found


@functools.cache
def _folder(folder: Path) -> None:
    link = folder / "ssa-hsm"
    folder.mkdir(exist_ok=True)
    if not link.exists():
        link.symlink_to(places.accepts())


_checked: dict[str, str] = {}


def _options(command: str) -> str:
    return " ".join(sorted(word for word in shlex.split(command) if word.startswith("--")))


def refusal(command: str, folder: Path) -> str:
    """Why a command cannot be pasted into a shell; "" where it can. Each form is tried once: that takes a moment.

    folder is the test's, for a link to the parser.
    """
    command = _NEXT_PROGRAM.split(command)[0]
    try:
        form = f"{kind(command)} {_options(command)}"
    except ValueError as error:
        return str(error)
    if form in _checked:
        return _checked[form]
    if kind(command) not in in_source():
        return f"no message of the source has the kind {kind(command)!r}"
    _folder(folder / "accepts")
    done = subprocess.run(["/bin/sh", "-c", command], env={"PATH": f"{folder / 'accepts'}:{places.PATH}"},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder)  # fmt: skip
    _checked[form] = "" if done.returncode == 0 else f"exit {done.returncode}: {done.stderr}"
    return _checked[form]


# Which test pastes a kind into a shell and sees that it does what the message says. That test fails if it does not.
PASTED = {
    _HELP: "test_pasting.Usage.test_help",
    "account create _ _": "test_pasting.Accounts.test_there_are_none",
    "account delete _": "test_pasting.Accounts.test_there_are_too_many",
    "account enable": "test_pasting.Refused.test_an_account_that_may_be_off",
    "account enable _": "test_pasting.Accounts.test_one_that_is_off",
    "account list": "test_pasting.Accounts.test_one_that_is_not_there",
    "account provision": "test_provision.Check.test_the_app_is_missing",
    "account provision --check": "test_provision.Adding.test_adds_looks_before_and_sees_the_hub_then",
    "account provision --project _ --admin-user _": "test_provision.Steps.test_commands_in_it_are_about_the_same_profile",
    "account show": "test_pasting.Refused.test_an_account_that_may_be_off",
    "account show _": "test_pasting.Refused.test_a_key_that_the_api_does_not_make",
    "agent": "test_agent_told.Suggested.test_each_command_that_a_message_suggests",
    "agent _ _": "test_agent_told.Suggested.test_callers",
    "agent _ _ _": "test_agent_told.Suggested.test_callers",
    "agent _ _ _ --scope _": "test_agent_told.Suggested.test_callers",
    "agent status": "test_agent_told.Suggested.test_each_command_that_a_message_suggests",
    "agent stop": "test_agent_told.Suggested.test_each_command_that_a_message_suggests",
    "agent unlock": "test_agent_told.Suggested.test_each_command_that_a_message_suggests",
    "doctor": "test_doctor.Settings.test_a_spare_profile_is_read_too",
    "doctor --api": "test_doctor_server.TheApi.test_the_api_is_asked_by_the_command_that_is_named",
    "doctor --api --login": "test_doctor_server.TheApi.test_a_client_secret_on_the_token",
    "doctor --login": "test_doctor_token.Card.test_an_empty_slot",
    "hsm list": "test_suggestions.Suggestions.test_a_token_that_is_not_there",
    "hsm list --login": "test_suggestions.Suggestions.test_a_token_s_keys",
    "jwt": "test_lying_module.PublicHalf.test_nothing_tells_it_and_the_key_signs_all_the_same",
    "jwt --claims": "test_pasting.Refused.test_an_account_that_may_be_off",
    "key create": "test_pasting.Profiles.test_one_that_is_not_there",
    "key create --account _": "test_pasting.Accounts.test_one_of_that_name_is_there",
    "key create --force": "test_suggestions.Suggestions.test_a_profile_without_a_key",
    "key delete _ --account _": "test_pasting.Refused.test_a_key_that_the_api_does_not_make",
    "key enable _": "test_pasting.Refused.test_an_account_that_may_be_off",
    "key enable _ --account _": "test_pasting.Accounts.test_a_key_that_is_off",
    "key import _": "test_pasting.Profiles.test_one_that_is_not_there",
    "key list": "test_pasting.Refused.test_an_account_that_may_be_off",
    "key list --account _": "test_pasting.Refused.test_a_key_that_the_api_does_not_make",
    "key prune": "test_pasting.Profiles.test_one_that_is_removed",
    "key recover": "test_pasting.Interrupted.test_an_import",
    "key recover --forget": "test_pasting.Interrupted.test_a_damaged_entry",
    "key recover --key _": "test_key_recover.KeyCreate.test_with_a_key_of_another_made_in_the_same_seconds_a_person_chooses",
    "key rotate": "test_pasting.Rotating.test_a_key_that_is_in_use",
    "key rotate --finish": "test_suggestions.Suggestions.test_a_rotation_s_second_half",
    "key rotate --finish --now": "test_pasting.Rotating.test_before_its_time",
    "key verify": "test_key_list.BothSides.test_another_key_under_the_same_id_is_told",
    "profile list": "test_pasting.Profiles.test_one_that_is_not_there",
    "secret import": "test_pasting.Secrets.test_one_that_is_not_there",
    "secret import --force": "test_pasting.Secrets.test_one_that_everybody_can_read",
    "secret import --label _": "test_pasting.Secrets.test_one_beside_that_of_another",
    "secret remove": "test_pasting.Secrets.test_a_removal_that_was_not_done",
    "exec -- _": "test_setup.NewAccount.test_from_nothing_to_an_access_token",
    "key import _ --force": "test_setup_old_file.OldFile.test_a_profile_that_is_an_old_block_is_not_touched",
    "key import _ --key-id _ --account _": "test_setup_old_file.OldFile.test_a_key_alone",
    "secret import --print": "test_secret_profile.Edited.test_a_line_that_could_not_be_printed_is_printed_later",
    "setup --dry-run": "test_setup.NewAccount.test_no_terminal",
    "token -f _": "test_curl_config.CurlConfig.test_process_substitution_names_the_pipe",
    "token": "test_suggestions.Suggestions.test_an_access_token_later",
}
# Kinds that no test pastes, and why.
EXCEPTIONS: dict[str, str] = {"setup": "it asks a person; test_setup answers all its questions"}
