#!/usr/bin/python3
"""Each rule about what the token is, over SoftHSM: flags, mechanisms, templates, and who may log in how."""
import ctypes
from pathlib import Path

import driver
from driver import CK, PIN, PRIVATE, ShimTest, certificate

LOW, FINAL, LOCKED = CK["CKF_USER_PIN_COUNT_LOW"], CK["CKF_USER_PIN_FINAL_TRY"], CK["CKF_USER_PIN_LOCKED"]


class Token(ShimTest):
    def test_token_slot_and_module_say_what_the_script_says(self):
        script = """token label "YubiKey PIV #1"
                    token serial 4711
                    token model Model X
                    token pinlen 6 8
                    token flags +CKF_WRITE_PROTECTED +CKF_CLOCK_ON_TOKEN -CKF_RNG
                    slot flags +CKF_REMOVABLE_DEVICE -CKF_TOKEN_PRESENT
                    info manufacturer Yubico (www.yubico.com)
                    info description PKCS#11 PIV Library (SP-800-73)"""

        def steps(module):
            module.call("C_Initialize", None)
            slots = module.slots()
            info = module.info("C_GetInfo", 256)[1]
            return (module.token_info(slots[0]), module.token_info(slots[1])[1],
                    int.from_bytes(module.info("C_GetSlotInfo", 256, slots[0])[1][96:104], "little"),
                    info[2:34].decode().rstrip(), info[48:80].decode().rstrip())
        token, other, slot, manufacturer, description = self.run_with(script, steps)
        self.assertEqual(token[:4], ["CKR_OK", "YubiKey PIV #1", "Model X", "4711"])
        self.assertEqual(token[5:], [8, 6])
        self.assertEqual([bool(token[4] & CK[f"CKF_{n}"]) for n in ("WRITE_PROTECTED", "CLOCK_ON_TOKEN", "RNG")],
                         [True, True, False])
        self.assertEqual(other, "", "a slot without a token stays one")
        self.assertEqual(slot & 3, 2)
        self.assertEqual([manufacturer, description], ["Yubico (www.yubico.com)", "PKCS#11 PIV Library (SP-800-73)"])

    def test_one_token_is_called_otherwise_than_the_others(self):
        script = """token label all of them
                    token called shim label 0x%s
                    token called shim serial 0001
                    token called "no such" serial 9""" % (b"zero\0" + b"\0" * 27).hex()

        def steps(module):
            module.call("C_Initialize", None)
            return module.token_info(module.slots()[0])[1:4:2]
        label, serial = self.run_with(script, steps)
        self.assertIn(label, ("zero" + 28 * "\0", "all of them"))
        self.assertEqual(label[0] == "z", serial == "0001")

    def test_another_token_is_there_while_a_file_exists(self):
        def steps(module):
            module.call("C_Initialize", None)
            slot = module.slots()[0]
            own = module.token_info(slot)
            (self.place.path / "swapped").touch()
            other = module.token_info(slot)
            return [own[1] == other[1], own[3] == other[3], other[3]]
        self.assertEqual(self.run_with("token another-while $PLACE/swapped", steps), [True, False, 16 * "9"])

    def test_mechanisms_hidden_or_alone(self):
        def steps(module):
            session, key = self.ready(module)
            slot, count, few = module.slots()[0], ctypes.c_ulong(), (ctypes.c_ulong * 1)()
            module.call("C_GetMechanismList", slot, None, ctypes.byref(count))
            room = ctypes.c_ulong(0)
            small = module.call("C_GetMechanismList", slot, few, ctypes.byref(room))
            return (count.value, small, module.call("C_GetMechanismInfo", slot, 0x40, (ctypes.c_ulong * 3)()),
                    module.sign_init(session, key))
        alone = self.run_with("mechanism only CKM_RSA_PKCS CKM_SHA_1", steps)
        self.assertEqual(alone, [2, "CKR_BUFFER_TOO_SMALL", "CKR_MECHANISM_INVALID", "CKR_MECHANISM_INVALID"])
        every = self.run_with("", steps)
        hidden = self.run_with("mechanism hide CKM_SHA256_RSA_PKCS", steps)
        self.assertEqual([hidden[0], *hidden[2:]], [every[0] - 1, "CKR_MECHANISM_INVALID", "CKR_MECHANISM_INVALID"])

    def test_a_mechanism_by_another_name(self):
        def steps(module):
            self.ready(module)
            slot = module.slots()[0]
            # CKM_AES_KEY_WRAP_PAD and CKM_SKIPJACK_WRAP
            return [module.call("C_GetMechanismInfo", slot, type_, (ctypes.c_ulong * 3)()) for type_ in (0x210A, 0x1008)]
        self.assertEqual(self.run_with("", steps), ["CKR_OK", "CKR_MECHANISM_INVALID"])
        renamed = self.run_with("mechanism rename CKM_AES_KEY_WRAP_PAD CKM_SKIPJACK_WRAP", steps)
        self.assertEqual(renamed[1], "CKR_OK")

    def test_rsa_aes_wrap_made_of_two_mechanisms(self):
        def steps(module):
            session, key = self.ready(module)
            slot, count, handle = module.slots()[0], ctypes.c_ulong(100), ctypes.c_ulong()
            every = (ctypes.c_ulong * 100)()
            module.call("C_GetMechanismList", slot, every, ctypes.byref(count))
            whole = driver.Mechanism(0x1054, None, 0)
            return [0x1054 in every[:count.value],
                    module.call("C_GetMechanismInfo", slot, 0x1054, (ctypes.c_ulong * 3)()),
                    module.call("C_UnwrapKey", session, ctypes.byref(whole), key, b"", 0, None, 0, ctypes.byref(handle))]
        self.assertEqual(self.run_with("", steps)[:2], [False, "CKR_MECHANISM_INVALID"])
        alone = "mechanism rsa-aes-wrap\nmechanism hide CKM_AES_KEY_WRAP_PAD CKM_RSA_PKCS_OAEP"
        self.assertEqual(self.run_with(alone, steps), [True, "CKR_OK", "CKR_MECHANISM_PARAM_INVALID"])

    def test_a_rule_about_what_a_template_lacks(self):
        def create(module):
            session = module.start()
            return [module.create(session, driver.Key().pairs(**more)) for more in ({}, {"CKA_SUBJECT": b"x"})]
        refused, made = self.run_with("C_CreateObject * lacks=CKA_SUBJECT return CKR_TEMPLATE_INCOMPLETE", create)
        self.assertEqual(refused, "CKR_TEMPLATE_INCOMPLETE")
        self.assertIsInstance(made, int)

    def test_attributes_as_the_script_reports_them(self):
        script = """attribute CKA_SENSITIVE false class=CKO_PRIVATE_KEY
                    attribute CKA_ALWAYS_AUTHENTICATE absent
                    attribute CKA_LABEL text:Private
                    attribute CKA_ID 0x0aFF class=CKO_PUBLIC_KEY
                    attribute CKA_MODULUS_BITS ulong:1024"""

        def steps(module):
            session, key = self.ready(module)
            return [module.read(session, key, "CKA_SENSITIVE", "CKA_ALWAYS_AUTHENTICATE", "CKA_SIGN"),
                    module.read(session, key, "CKA_LABEL", "CKA_ID", "CKA_MODULUS_BITS"),
                    module.read(session, key, "CKA_PRIVATE_EXPONENT", "CKA_LABEL")]
        self.assertEqual(self.run_with(script, steps),
                         [["CKR_ATTRIBUTE_TYPE_INVALID", "00", None, "01"],
                          ["CKR_OK", b"Private".hex(), "01", "0004000000000000"],
                          ["CKR_ATTRIBUTE_SENSITIVE", None, b"Private".hex()]])

    def test_an_attribute_that_is_so_until_the_next_session(self):
        def steps(module):
            session = module.start()
            key = module.create(session, self.key.pairs(b"\7"))
            seen = [module.read(session, key, "CKA_SENSITIVE")[1]]
            module.open()
            return seen + [module.read(session, key, "CKA_SENSITIVE")[1]]
        self.assertEqual(self.run_with("attribute CKA_SENSITIVE false while-new", steps), ["00", "01"])

    def test_a_length_alone(self):
        def steps(module):
            session, key = self.ready(module)
            array = driver.template([("CKA_LABEL", bytes(16))])
            rv = module.call("C_GetAttributeValue", session, key, array, 1)
            return rv, array[0].length, driver.ctypes.string_at(array[0].value, 16).hex()
        self.assertEqual(self.run_with("attribute CKA_LABEL length:5000", steps), ["CKR_OK", 5000, "00" * 16])

    def test_tools_show_an_attribute_of_the_script(self):
        self.place.script("attribute CKA_LABEL text:Pretended")
        run = self.place.tool("--login", "--pin", PIN, "--list-objects")
        self.assertRegex(run.stdout, r"label:\s+Pretended")

    def test_templates_refused_dropped_and_set(self):
        def create(module):
            session = module.start()
            made = module.create(session, self.key.pairs(b"\7"))
            return made if isinstance(made, str) else module.read(session, made, "CKA_DECRYPT", "CKA_LABEL", "CKA_ID")
        self.assertEqual(self.run_with("template refuse CKA_PRIVATE class=CKO_PRIVATE_KEY", create),
                         "CKR_ATTRIBUTE_TYPE_INVALID")
        self.assertEqual(self.run_with("template refuse CKA_PRIVATE class=CKO_CERTIFICATE", create),
                         ["CKR_OK", "00", b"test key".hex(), "07"])
        self.assertEqual(self.run_with("template set CKA_DECRYPT true\ntemplate drop CKA_LABEL", create),
                         ["CKR_OK", "01", "", "07"])

    def test_rules_for_objects_that_stay(self):
        def create(module):
            session = module.start()
            found = []
            for stays in (b"\1", b"\0"):
                pairs = [p if p[0] != "CKA_TOKEN" else ("CKA_TOKEN", stays) for p in self.key.pairs(b"\7")]
                made = module.create(session, pairs)
                found.append(made if isinstance(made, str) else module.read(session, made, "CKA_DECRYPT"))
            return found
        kind = "class=CKO_PRIVATE_KEY on-token"
        for rule, stays in ((f"template refuse CKA_LABEL {kind}", "CKR_ATTRIBUTE_TYPE_INVALID"),
                            (f"template set CKA_DECRYPT true {kind}", ["CKR_OK", "01"]),
                            (f"attribute CKA_DECRYPT true {kind}", ["CKR_OK", "01"])):
            self.assertEqual(self.run_with(rule, create), [stays, ["CKR_OK", "00"]], rule)

    def test_numbers_left_out_are_completed(self):
        def create(module):
            session = module.start()
            pairs = [p for p in self.key.pairs(b"\7") if p[0] not in ("CKA_MODULUS", "CKA_PRIVATE_EXPONENT")]
            made = module.create(session, pairs)
            if isinstance(made, str):
                return made
            module.sign_init(session, made)
            return module.sign(session)
        self.assertEqual(self.run_with("", create), "CKR_TEMPLATE_INCOMPLETE")
        self.assertTrue(self.key.signed(self.run_with("template complete-rsa", create)))

    def test_key_pairs_that_are_ready(self):
        (self.place.path / "pair").write_text(self.key.pem)
        rule = "generate from $PLACE/pair"

        def generate(bits, exponent=b"\1\0\1"):
            def steps(module):
                session = module.start()
                public = [("CKA_TOKEN", False), ("CKA_LABEL", b"mine"), ("CKA_MODULUS_BITS", bits),
                          ("CKA_PUBLIC_EXPONENT", exponent)]
                made = module.generate(session, public, [("CKA_TOKEN", False), ("CKA_ID", b"\7"), ("CKA_SIGN", True),
                                                         ("CKA_SENSITIVE", True)])
                if isinstance(made, str):
                    return made
                module.sign_init(session, made[1])
                return (module.read(session, made[0], "CKA_LABEL", "CKA_MODULUS", "CKA_TOKEN"),
                        module.read(session, made[1], "CKA_ID", "CKA_PRIME_1"), module.sign(session))
            return steps
        public, private, signature = self.run_with(rule, generate(2048))
        self.assertEqual(public, ["CKR_OK", b"mine".hex(), self.key.n.hex(), "00"])
        self.assertEqual(private, ["CKR_ATTRIBUTE_SENSITIVE", "07", None])
        self.assertTrue(self.key.signed(signature))
        self.assertEqual(self.place.run(generate(1024)), "CKR_KEY_SIZE_RANGE")
        self.assertEqual(self.place.run(generate(2048, b"\3")), "CKR_KEY_SIZE_RANGE")
        (self.place.path / "pair").write_text("no key")
        self.assertEqual(self.place.run(generate(2048)), "CKR_FUNCTION_FAILED")
        public, *_ = self.run_with("template set CKA_LABEL text:other", generate(1024))
        self.assertEqual((public[:2], len(public[2])), (["CKR_OK", b"other".hex()], 256))

    def test_create_replaces_what_has_the_same_id(self):
        def create(module):
            session, old = self.ready(module)
            new = module.create(session, self.key.pairs(b"\1"))
            other = module.create(session, certificate(b"\1"))
            found = module.find(session, [("CKA_ID", b"\1")])
            return old in found, new in found, other in found
        self.assertEqual(self.run_with("create replaces", create), [False, True, True])
        self.assertEqual(self.place.run(create), [False, True, True])

    def test_searches_that_go_on(self):
        def steps(module):
            session, _ = self.ready(module)
            array, found, count = driver.template([("CKA_CLASS", PRIVATE)]), (driver.c_ulong * 4)(), driver.c_ulong()
            module.call("C_FindObjectsInit", session, array, 1)
            seen = []
            for _ in range(3):
                module.call("C_FindObjects", session, found, 4, driver.byref(count))
                seen.append(list(found[:min(count.value, 4)]))
            return seen
        first, *more = self.run_with("find repeats", steps)
        self.assertEqual((len(first), more), (1, [first, first]))
        first, *more = self.run_with("find endless", steps)
        self.assertEqual((len(first), [len(m) for m in more], len({*more[0], *more[1]})), (1, [4, 4], 8))

    def test_keys_are_found_with_their_certificate_or_by_their_maker(self):
        script = """find needs certificate
                    C_SignInit certificate=none return CKR_KEY_HANDLE_INVALID"""

        def steps(module):
            session = module.start()
            private = [("CKA_CLASS", PRIVATE)]
            before = len(module.find(session, private))
            mine = module.create(session, self.key.pairs(b"\7"))
            with_mine = module.find(session, private) == [mine]
            refused = module.sign_init(session, mine)
            module.create(session, certificate(b"\7"))
            return before, with_mine, refused, module.sign_init(session, mine)
        self.assertEqual(self.run_with(script, steps), [0, True, "CKR_KEY_HANDLE_INVALID", "CKR_OK"])
        self.assertEqual(self.place.run(lambda m: len(m.find(m.start(), [("CKA_CLASS", PRIVATE)]))), 1)

    def test_initialize_wants_a_parameter_string(self):
        def steps(module):
            none = module.call("C_Initialize", None)
            arguments = (ctypes.c_void_p * 6)()
            text = ctypes.create_string_buffer(b"configdir=''")
            arguments[4], arguments[5] = 2, ctypes.addressof(text)
            return none, module.call("C_Initialize", arguments)
        self.assertEqual(self.run_with("initialize needs-reserved", steps), ["CKR_ARGUMENTS_BAD", "CKR_OK"])


YKCS11 = (Path(__file__).parent / "ykcs11.script").read_text().replace("@PIN@", PIN)


class Together(ShimTest):
    """The rules make a PIV card through ykcs11, as README.md has it."""

    def bare(self):
        taken = ("CLASS", "KEY_TYPE", "ID", "PUBLIC_EXPONENT", "PRIME_1", "PRIME_2", "EXPONENT_1", "EXPONENT_2",
                 "COEFFICIENT")
        return [p for p in self.key.pairs() if p[0][4:] in taken]

    def test_import_certificate_sign_and_found_by_the_next_process(self):
        def bring_in(module):
            session = module.start("010203040506070801020304050607080102030405060708", 0)
            refused = module.create(session, self.key.pairs())
            key = module.create(session, self.bare())
            made = module.create(session, certificate())
            return (refused, isinstance(made, int), module.sign_init(session, key),
                    self.key.signed(module.sign(session)), module.read(session, key, "CKA_LABEL", "CKA_DECRYPT"))
        self.assertEqual(self.run_with(YKCS11, bring_in),
                         ["CKR_ATTRIBUTE_TYPE_INVALID", True, "CKR_OK", True,
                          ["CKR_OK", b"Private key for PIV Authentication".hex(), "00"]])

        def use(module):
            session, key = self.ready(module)
            gone = module.call("C_DestroyObject", session, key)
            module.sign_init(session, key)
            return gone, self.key.signed(module.sign(session)), len(module.find(session, [("CKA_CLASS", PRIVATE)]))
        self.assertEqual(self.place.run(use), ["CKR_OK", True, 1])

    def test_signing_without_a_certificate_crashes(self):
        def steps(module):
            session = module.start("010203040506070801020304050607080102030405060708", 0)
            module.sign_init(session, module.create(session, self.bare()))
        self.assertIn(self.run_with(YKCS11, steps), (-11, -6))


class Login(ShimTest):
    def test_only_the_security_officer_makes_keys(self):
        script = f"create needs SO\nso-pin 0102030405 user-pin {PIN}"

        def steps(module):
            module.call("C_Initialize", None)
            session = module.open()
            got = [module.create(session, self.key.pairs(b"\7")), module.login(session)]
            got += [module.create(session, self.key.pairs(b"\7")), module.login(session, "0102030405", 0)]
            got += [module.call("C_Logout", session), module.login(session, PIN, 0)]
            got += [module.login(session, "0102030405", 0), module.open(flags=4), module.login(session)]
            state = module.info("C_GetSessionInfo", 64, session)[1][8]
            return got + [state, isinstance(module.create(session, self.key.pairs(b"\7")), int)]
        self.assertEqual(self.run_with(script, steps),
                         ["CKR_USER_TYPE_INVALID", "CKR_OK", "CKR_USER_TYPE_INVALID",
                          "CKR_USER_ANOTHER_ALREADY_LOGGED_IN", "CKR_OK", "CKR_PIN_INCORRECT", "CKR_OK",
                          "CKR_SESSION_READ_WRITE_SO_EXISTS", "CKR_USER_ANOTHER_ALREADY_LOGGED_IN", 4, True])

    def test_login_as_security_officer_ends_with_the_last_session(self):
        def steps(module):
            session = module.start("0102030405", 0)
            module.call("C_CloseSession", session)
            return module.login(module.open())
        self.assertEqual(self.run_with(f"so-pin 0102030405 user-pin {PIN}", steps), "CKR_OK")

    def test_every_signature_wants_the_pin(self):
        def steps(module):
            session, key = self.ready(module)
            got = [module.read(session, key, "CKA_ALWAYS_AUTHENTICATE")[1], module.login(session, PIN, 2)]
            got += [module.sign_init(session, key), module.sign(session)]
            got += [module.sign_init(session, key), module.login(session, "000000", 2), module.sign(session)]
            got += [module.sign_init(session, key), module.login(session, PIN, 2)]
            signature = module.sign(session)
            return got + [self.key.signed(signature), module.sign_init(session, key), module.sign(session)]
        self.assertEqual(self.run_with("always-authenticate", steps),
                         ["01", "CKR_OPERATION_NOT_INITIALIZED", "CKR_OK", "CKR_USER_NOT_LOGGED_IN", "CKR_OK",
                          "CKR_PIN_INCORRECT", "CKR_USER_NOT_LOGGED_IN", "CKR_OK", "CKR_OK", True, "CKR_OK",
                          "CKR_USER_NOT_LOGGED_IN"])

    def test_tool_signs_with_a_key_that_always_wants_the_pin(self):
        self.place.script("always-authenticate")
        data, out = self.place.path / "data", self.place.path / "signature"
        data.write_bytes(b"to be signed")
        run = self.place.tool("--login", "--pin", PIN, "--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", "01",
                              "--input-file", str(data), "--output-file", str(out))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertTrue(self.key.signed(out.read_bytes().hex()))
        self.assertIn("user=CKU_CONTEXT_SPECIFIC -> CKR_OK", "\n".join(self.place.log()))

    def test_pin_comes_from_the_pad(self):
        def steps(module):
            module.call("C_Initialize", None)
            session = module.open()
            flag = module.token_info(module.slots()[0])[4] & CK["CKF_PROTECTED_AUTHENTICATION_PATH"]
            got = [bool(flag), module.login(session), module.login(session, None)]
            key = self.handle(module, session)
            got += [module.sign_init(session, key), module.login(session, None, 2)]
            return got + [self.key.signed(module.sign(session))]
        self.assertEqual(self.run_with(f"protected-path {PIN}\nalways-authenticate", steps),
                         [True, "CKR_ARGUMENTS_BAD", "CKR_OK", "CKR_OK", "CKR_OK", True])

    def tries(self, script, pins):
        """In a new process each: the result of a login and the PIN flags after it."""
        def one(pin):
            def steps(module):
                module.call("C_Initialize", None)
                slot = module.slots()[0]
                rv = module.login(module.open(), pin)
                return rv, module.token_info(slot)[4] & (LOW | FINAL | LOCKED)
            return self.run_with(script, steps)
        return [tuple(one(pin)) for pin in pins]

    def test_wrong_pins_are_counted_across_processes(self):
        wrong = "CKR_PIN_INCORRECT"
        self.assertEqual(self.tries("pin tries 3", ["9999", PIN, "9999", "9999", "9999", PIN]),
                         [(wrong, LOW), ("CKR_OK", 0), (wrong, LOW), (wrong, LOW | FINAL), (wrong, LOCKED),
                          ("CKR_PIN_LOCKED", LOCKED)])

    def test_silent_token_locks_without_a_flag(self):
        self.assertEqual(self.tries("pin tries 1 silent", ["9999", PIN]),
                         [("CKR_PIN_INCORRECT", 0), ("CKR_PIN_LOCKED", 0)])

    def test_quiet_token_shows_flags_late(self):
        self.assertEqual([flags for _, flags in self.tries("pin tries 4 quiet 2", ["9999"] * 4)],
                         [0, 0, LOW | FINAL, LOCKED])


if __name__ == "__main__":
    driver.main()
