#!/usr/bin/python3
"""Does the judge see what is where it may not be, and what is not where it must be?"""

from __future__ import annotations

import contextlib
import io
import sys
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from judge import HOST, PROGRAM, SIGNER, Held, Totals, judge  # noqa: E402
from needles import KINDS, kind_of  # noqa: E402


def stop(program: str, occasion: str, *found: str, pid: int = 7) -> dict[str, Any]:
    hits = [{"needle": f"{name}, bytes 0 to 7", "where": "[heap] 1-2 rw-p at +0x10"} for name in found]
    findings = {"needles": 9, "keys": 1, "mappings": 3, "size": 100, "threads": 1, "hits": hits, "gaps": []}
    return {"pid": pid, "program": program, "occasion": occasion, "findings": findings}


class Judging(unittest.TestCase):
    def judge(self, stops: list[dict[str, Any]], *expected: Held, trouble: tuple[str, ...] = ()) -> Totals:
        totals = Totals()
        self.said = io.StringIO()
        with contextlib.redirect_stdout(self.said):
            judge("token", {"stops": stops, "trouble": list(trouble)}, expected, totals)
        return totals

    def test_anything_anywhere_is_a_hit(self) -> None:
        for kind in KINDS:
            totals = self.judge([stop("ssa-hsm", "exit", f"{kind} of something"), stop(HOST, "exit")])
            self.assertEqual((totals.hits, totals.holders, totals.failed), (1, {"ssa-hsm"}, []))
            self.assertEqual(totals.kinds, {kind})
            self.assertIn(f"HIT {kind} of something in [heap]", self.said.getvalue())

    def test_what_may_be_held_is_so_there_alone(self) -> None:
        held = Held(HOST, "held", frozenset({"key numbers"}))
        stops = [stop(HOST, "held", "key numbers: p of k"), stop(HOST, "exit")]
        self.assertEqual(self.judge(stops, held).hits, 0)
        for other in (
            stop(HOST, "exit", "key numbers: p of k"),
            stop("ssa-hsm", "held", "key numbers: p of k"),
            stop(HOST, "held", "client secret"),
        ):
            self.assertEqual(self.judge([*stops, other], held).hits, 1)

    def test_what_the_program_may_hold_its_host_may_not(self) -> None:
        held = Held(PROGRAM, "held", frozenset({"client secret"}))
        stops = [stop("ssa-hsm-with-le", "held", "client secret"), stop(HOST, "exit")]
        self.assertEqual((self.judge(stops, held).hits, self.judge(stops, held).failed), (0, []))
        totals = self.judge([*stops, stop(HOST, "held", "client secret")], held)
        self.assertEqual((totals.hits, totals.holders), (1, {HOST}))

    def test_what_may_be_in_locked_memory_may_be_nowhere_else(self) -> None:
        held = Held(PROGRAM, "held", frozenset({"access token"}), locked=True)
        there = stop("ssa-hsm", "held unlocked", "access token 1")
        hit = there["findings"]["hits"][0]
        self.assertEqual(self.judge([there, stop(HOST, "exit")], held).hits, 1)
        hit["where"] = "anonymous 1-2 rw-p locked at +0x10"
        self.assertEqual(self.judge([there, stop(HOST, "exit")], held).hits, 0)
        hit["where"] = "register zmm1 of thread 7"
        self.assertEqual(self.judge([there, stop(HOST, "exit")], held).hits, 1)

    def test_what_the_signer_holds_is_not_the_program_s(self) -> None:
        held = Held(PROGRAM, "held", frozenset({"client secret"}))
        stops = [stop("ssa-hsm", "held", "client secret"), stop(SIGNER, "held", "client secret"), stop(HOST, "exit")]
        self.assertEqual(self.judge(stops, held).holders, {SIGNER})

    def test_a_host_that_was_not_searched_between_two_calls_is_a_failure(self) -> None:
        for occasion, count in (("exit", 1), ("at rest", 0)):
            totals = Totals()
            with contextlib.redirect_stdout(io.StringIO()):
                report = {"stops": [stop(HOST, occasion), stop(HOST, "exit")], "trouble": []}
                judge("token", report, (), totals, rests=True)
            self.assertEqual(len(totals.failed), count)

    def test_what_must_be_held_and_is_not_found_is_a_failure(self) -> None:
        held = Held(HOST, "killed by", frozenset({"PIN"}), frozenset({"key numbers"}))
        blind = self.judge([stop(HOST, "killed by SIGSEGV", "key numbers: d")], held)
        self.assertRegex(blind.failed[0], "not find the PIN")
        self.assertRegex(self.judge([stop(HOST, "exit", pid=8)], held).failed[0], "was not searched: killed by")
        self.assertEqual(self.judge([stop(HOST, "killed by SIGKILL", "PIN")], held).failed, [])

    def test_it_is_held_no_longer_than_it_may_be(self) -> None:
        held = Held(HOST, "at rest", frozenset(), frozenset({"key numbers"}), most=1)
        stops = [stop(HOST, "at rest", "key numbers: p"), stop(HOST, "at rest"), stop(HOST, "exit")]
        self.assertEqual(self.judge(stops, held).failed, [])
        self.assertIn("in 1 of 2 searches", self.said.getvalue())
        self.assertRegex(self.judge([*stops, stops[0]], held).failed[0], "in 2 searches")

    def test_a_host_that_was_not_searched_at_its_end_is_a_failure(self) -> None:
        for stops in ([stop("ssa-hsm", "exit")], [stop("ssa-hsm", "exit"), stop(HOST, "at rest")]):
            self.assertRegex(self.judge(stops).failed[0], "no process of the PKCS#11 module")

    def test_what_could_not_be_searched_is_counted(self) -> None:
        one = stop(HOST, "exit")
        one["findings"]["gaps"] = ["x"]
        self.assertEqual(self.judge([one], trouble=("y",)).gaps, 2)

    def test_each_kind_is_known_by_its_name(self) -> None:
        for kind in KINDS:
            self.assertEqual(kind_of(f"{kind} and more"), kind)


if __name__ == "__main__":
    unittest.main()
