#!/usr/bin/python3
"""Each action and each rule of the shim, over a SoftHSM token, as a program that uses it sees it."""
import os
import signal
import subprocess
import threading
import time

import driver
from driver import PIN, Place, ShimTest, certificate


class Calls(ShimTest):
    def test_without_rules_everything_passes(self):
        one = self.run_with("", self.sign_twice)
        self.assertTrue(self.key.signed(one[1]))
        self.assertEqual(one[1], one[3])

    def test_return_comes_at_the_nth_call(self):
        got = self.run_with("C_SignInit 2 return CKR_DEVICE_ERROR\n", self.sign_twice)
        self.assertEqual(got[2:], ["CKR_DEVICE_ERROR", "CKR_OPERATION_NOT_INITIALIZED"])

    def test_return_from_the_nth_on_and_for_a_range(self):
        def three(module):
            module.call("C_Initialize", None)
            return [module.info("C_GetInfo", 256)[0] for _ in range(4)]
        self.assertEqual(self.run_with("C_GetInfo 3+ return 0x80000001", three),
                         ["CKR_OK", "CKR_OK", "0x80000001", "0x80000001"])
        self.assertEqual(self.run_with("C_GetInfo 2-3 return CKR_GENERAL_ERROR", three),
                         ["CKR_OK", "CKR_GENERAL_ERROR", "CKR_GENERAL_ERROR", "CKR_OK"])

    def test_after_return_leaves_the_object_made(self):
        def create(module):
            session = module.start()
            rv = module.create(session, self.key.pairs(b"\7"))
            return rv, len(module.find(session, [("CKA_ID", b"\7")]))
        self.assertEqual(self.run_with("C_CreateObject * after-return CKR_DEVICE_MEMORY", create),
                         ["CKR_DEVICE_MEMORY", 1])
        self.assertEqual(self.run_with("C_CreateObject * return CKR_DEVICE_MEMORY", create)[0], "CKR_DEVICE_MEMORY")

    def test_sleeps_take_their_time(self):
        for action in ("sleep 150", "after-sleep 150"):
            begin = time.monotonic()
            self.run_with(f"C_Sign 1 {action}", self.sign_twice)
            self.assertGreater(time.monotonic() - begin, 0.15)

    def test_kill_before_and_after(self):
        def create(module):
            module.create(module.start(), self.key.pairs(b"\7"))

        def count(module):
            return len(module.find(module.start(), [("CKA_ID", b"\7")]))
        self.assertEqual(self.run_with("C_CreateObject 1 kill before", create), -signal.SIGKILL)
        self.assertEqual(self.run_with("", count), 0)
        self.assertEqual(self.run_with("C_CreateObject 1 kill TERM after", create), -signal.SIGTERM)
        self.assertEqual(self.run_with("", count), 1)
        self.assertIn("-> SIGKILL-before", "\n".join(self.place.log()))

    def test_crash_is_a_segmentation_fault(self):
        got = self.run_with("C_GetAttributeValue attr=CKA_MODULUS crash",
                            lambda m: m.read(*self.ready(m), "CKA_MODULUS"))
        self.assertIn(got, (-signal.SIGSEGV, -signal.SIGABRT))

    def test_signal_is_sent_and_the_call_goes_on(self):
        def count(module):
            seen = []
            signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
            got = self.sign_twice(module)
            return len(seen), self.key.signed(got[1])
        self.assertEqual(self.run_with("C_Sign 1 signal USR1", count), [1, True])
        self.assertEqual(self.run_with("C_Sign 2 signal SIGUSR1 after", count), [1, True])

    def test_corrupt_signature_does_not_verify(self):
        got = self.run_with("C_Sign 2 corrupt", self.sign_twice)
        self.assertEqual([self.key.signed(got[1]), self.key.signed(got[3])], [True, False])

    def test_claims(self):
        def steps(module):
            session, key = self.ready(module)
            count = driver.c_ulong(8)
            module.call("C_GetSlotList", driver.c_ubyte(1), (driver.c_ulong * 8)(), driver.byref(count))
            size = driver.c_ulong(512)
            module.sign_init(session, key)
            rv = module.call("C_Sign", session, b"x", 1, (driver.c_ubyte * 512)(), driver.byref(size))
            return count.value, rv, size.value
        self.assertEqual(self.run_with("C_GetSlotList * claim 300\nC_Sign 1 claim 5000", steps), [300, "CKR_OK", 5000])

    def test_filters(self):
        script = """C_CreateObject 2 class=CKO_PRIVATE_KEY return CKR_DEVICE_MEMORY
                    C_SignInit mech=CKM_SHA256_RSA_PKCS return CKR_MECHANISM_INVALID
                    C_Login user=CKU_SO return CKR_PIN_LOCKED   # not the user
                    C_Login pin=empty return CKR_ARGUMENTS_BAD
                    C_DestroyObject class=CKO_PRIVATE_KEY return CKR_OK"""

        def steps(module):
            session, key = self.ready(module)
            got = [module.create(session, certificate()), module.create(session, self.key.pairs(b"\7")),
                   module.create(session, self.key.pairs(b"\10")), module.sign_init(session, key)]
            got += [module.login(session, "x", 0), module.login(session, ""),
                    module.call("C_DestroyObject", session, key)]
            return [g if isinstance(g, str) else "made" for g in got] + [self.handle(module, session) == key]
        self.assertEqual(self.run_with(script, steps),
                         ["made", "made", "CKR_DEVICE_MEMORY", "CKR_MECHANISM_INVALID", "CKR_PIN_LOCKED",
                          "CKR_ARGUMENTS_BAD", "CKR_OK", True])

    def test_removed_token_is_gone_for_every_call(self):
        def steps(module):
            session, key = self.ready(module)
            slot = module.slots()[0]
            return [module.sign_init(session, key), module.sign(session), module.slots(), len(module.slots(0)) > 0,
                    module.token_info(slot)[0], module.open(slot), module.call("C_CloseSession", session),
                    module.info("C_GetSlotInfo", 256, slot)[1][96] & 1]
        lost = "CKR_DEVICE_REMOVED"
        rest = [[], True, "CKR_TOKEN_NOT_PRESENT", "CKR_TOKEN_NOT_PRESENT", lost, 0]
        self.assertEqual(self.run_with("C_Sign 1 remove", steps), ["CKR_OK", lost, *rest])
        got = self.run_with("C_Sign 1 remove after CKR_DEVICE_ERROR", steps)
        self.assertTrue(self.key.signed(got[1]))
        self.assertEqual(got[6], "CKR_DEVICE_ERROR")

    def test_inserted_token_wants_a_new_login(self):
        def steps(module):
            session, key = self.ready(module)
            first = module.sign_init(session, key)
            slots = len(module.slots())
            again = module.open()
            return [first, slots > 0, module.sign_init(session, key) != "CKR_OK", module.login(again)]
        self.assertEqual(self.run_with("C_SignInit 1 remove\nC_GetSlotList 2 insert", steps),
                         ["CKR_DEVICE_REMOVED", True, True, "CKR_OK"])

    def test_token_is_absent_while_a_file_exists(self):
        def steps(module):
            session = module.start()
            mark = self.place.path / "pulled"
            mark.touch()
            got = [module.slots(), module.call("C_Logout", session)]
            mark.unlink()
            return got + [len(module.slots()) > 0, module.call("C_Logout", session)]
        self.assertEqual(self.run_with("token absent-while $PLACE/pulled", steps),
                         [[], "CKR_DEVICE_REMOVED", True, "CKR_SESSION_HANDLE_INVALID"])

    def test_touch_and_wait_hold_a_call(self):
        self.place.script("C_Sign 1 touch $PLACE/reached wait $PLACE/go")
        child = self.place.in_child(self.sign_twice)
        for _ in range(5000):
            if (self.place.path / "reached").exists():
                break
            time.sleep(0.002)
        self.assertNotIn("C_Sign ", "\n".join(self.place.log()))
        (self.place.path / "go").touch()
        self.assertTrue(self.key.signed(Place.answer(*child)[1]))

    def test_counting_goes_on_in_the_next_process(self):
        script = "count across-processes\nC_GetInfo 2 return CKR_HOST_MEMORY"

        def steps(module):
            module.call("C_Initialize", None)
            return module.info("C_GetInfo", 256)[0]
        self.assertEqual([self.run_with(script, steps) for _ in range(3)], ["CKR_OK", "CKR_HOST_MEMORY", "CKR_OK"])

    def test_bad_lines_are_all_told_with_their_numbers(self):
        bad = ["C_Sing 1 corrupt", "C_Sign corrupt", "C_Sign 1", "C_Sign 1 return CKR_NO", "C_Sign 0 corrupt",
               "C_Sign user=CKU_SO corrupt", "tokken label x", "token flags CKF_X", "attribute CKA_SIGN maybe",
               "C_Sign 1 sleep soon", "C_Sign 1 kill before soon", "so-pin 1", "token pinlen 4", 'token label "x',
               "pin tries 0", "template set CKA_SIGN absent", "C_SignInit 1 corrupt", "C_Sign 1 signal",
               "C_Sign 1 blind", "token firmware 5", "C_Login 1 claim 3", "template set CKA_SIGN length:4", "find often"]
        self.place.script("# a comment\n" + "\n".join(bad) + "\n")
        program = "import driver; print(driver.Module().list_rv)"
        run = subprocess.run(["/usr/bin/python3", "-c", program], env=self.place.environment, capture_output=True,
                             text=True, cwd=driver.HERE)
        self.assertEqual(run.stdout.strip(), "CKR_GENERAL_ERROR", run.stderr)
        for number in range(2, len(bad) + 2):
            self.assertIn(f"script:{number}: ", run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), len(bad), run.stderr)


class Log(ShimTest):
    def test_log_names_what_happened_and_no_secret(self):
        def steps(module):
            session, key = self.ready(module)
            module.create(session, self.key.pairs(b"\7"))
            module.login(session, "wrong-pin-9")
            module.sign_init(session, key)
            module.sign(session, b"data that is secret")
        self.run_with("C_Sign 1 sleep 1", steps)
        text = "\n".join(self.place.log())
        self.assertRegex(text, r"(?m)^\d+\.\d{6} pid=\d+ tid=\d+ C_Login session=\d+ user=CKU_USER -> CKR_OK \d+us$")
        self.assertRegex(text, r"C_SignInit session=\d+ mech=CKM_SHA256_RSA_PKCS object=\d+ -> CKR_OK")
        self.assertRegex(text, r"C_Sign session=\d+ in=19 out=256 rule=1 -> CKR_OK")
        self.assertRegex(text, r"C_CreateObject .*class=CKO_PRIVATE_KEY template=CKA_CLASS\[8\],.*CKA_MODULUS\[256\]")
        for secret in (PIN, "wrong-pin-9", "secret", "test key", self.key.p.hex()[:16]):
            self.assertNotIn(secret, text)

    def test_lines_of_several_processes_do_not_mix(self):
        def many(module):
            module.call("C_Initialize", None)
            for _ in range(300):
                module.info("C_GetInfo", 256)
        children = [self.place.in_child(many) for _ in range(4)]
        for child in children:
            Place.answer(*child)
        self.assertEqual(len(self.place.log()), 4 * 302)
        for line in self.place.log():
            self.assertRegex(line, r"^\d+\.\d{6} pid=\d+ tid=\d+ C_\w+ -> CKR_OK \d+us$")

    def test_threads_share_the_counters(self):
        def steps(module):
            module.call("C_Initialize", None)
            got = []

            def many():
                got.extend(module.info("C_GetInfo", 256)[0] for _ in range(200))
            threads = [threading.Thread(target=many) for _ in range(4)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            return got.count("CKR_HOST_MEMORY"), len(got)
        self.assertEqual(self.run_with("C_GetInfo 301+ return CKR_HOST_MEMORY", steps), [500, 800])


class WithTools(ShimTest):
    def test_pkcs11_tool_lists_signs_and_sees_the_rules(self):
        tool = self.place.tool
        self.assertIn("test key", tool("--login", "--pin", PIN, "--list-objects").stdout)
        self.place.script("token label Pretended Token\ninfo description Shim of tests\nmechanism only CKM_RSA_PKCS")
        self.assertIn("Pretended Token", tool("--list-slots").stdout)
        self.assertIn("Shim of tests", tool("--show-info").stdout)
        self.assertEqual(tool("--list-mechanisms").stdout.count("\n  "), 1)
        self.place.script("C_Login * return CKR_PIN_LOCKED")
        run = tool("--login", "--pin", PIN, "--list-objects")
        self.assertIn("CKR_PIN_LOCKED", run.stderr)

    def test_p11_kit_serves_it(self):
        folder = subprocess.run(["pkg-config", "--variable=p11_module_path", "p11-kit-1"], capture_output=True,
                                text=True, check=True).stdout.strip()
        self.place.script("token label Pretended Token")
        socket = self.place.path / "socket"
        server = subprocess.Popen(["p11-kit", "server", "-f", "-n", str(socket), "-p", driver.LIBRARY, "pkcs11:"],
                                  env=self.place.environment, stdout=subprocess.DEVNULL,
                                  start_new_session=True)
        try:
            for _ in range(1000):
                if socket.exists():
                    break
                time.sleep(0.005)
            run = subprocess.run(
                ["pkcs11-tool", "--module", f"{folder}/p11-kit-client.so", "--list-slots"], capture_output=True,
                text=True, env={**os.environ, "P11_KIT_SERVER_ADDRESS": f"unix:path={socket}"})
        finally:
            # Its group: the process that it starts for each connection holds the module.
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()
        self.assertIn("Pretended Token", run.stdout)


if __name__ == "__main__":
    driver.main()
