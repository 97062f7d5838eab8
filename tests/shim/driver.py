"""A PKCS#11 caller by ctypes, a SoftHSM token to call, and a fresh process for each script of the shim."""
import base64
import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
import unittest
from ctypes import byref, c_ubyte, c_ulong, c_void_p

HERE = pathlib.Path(__file__).resolve().parent
LIBRARY = os.environ.get("SSA_SHIM_LIBRARY", "")
PIN, SO_PIN = "123456", "87654321"
SIGN_MECHANISM = 0x40  # CKM_SHA256_RSA_PKCS
PRIVATE, CERTIFICATE = 3, 1


def softhsm():
    for folder in ("/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib/aarch64-linux-gnu/softhsm",
                   "/usr/lib64/softhsm", "/usr/lib64/pkcs11", "/usr/local/lib/softhsm"):
        if os.path.exists(f"{folder}/libsofthsm2.so"):
            return f"{folder}/libsofthsm2.so"
    return None


def numbers_from_header():
    """The shim's own list of names, with the numbers that it gives them: the header's."""
    header = subprocess.run(["pkg-config", "--variable=includedir", "p11-kit-1"], capture_output=True, text=True,
                            check=True).stdout.strip()
    text = pathlib.Path(f"{header}/p11-kit-1/p11-kit/pkcs11.h").read_text()
    found = {}
    for name, number, shift in re.findall(
            r"#define\s+(CK[RAFOU]_\w+)\s+\((0x[0-9a-fA-F]+|\d+)UL(?: << (\d+))?\)", text):
        found[name] = int(number, 0) << int(shift or 0)
    return found


CK = numbers_from_header()


def name_of(rv):
    return next((n for n, v in CK.items() if n.startswith("CKR_") and v == rv), hex(rv))


class Attribute(ctypes.Structure):
    _fields_ = [("type", c_ulong), ("value", c_void_p), ("length", c_ulong)]


class Mechanism(ctypes.Structure):
    _fields_ = [("type", c_ulong), ("parameter", c_void_p), ("length", c_ulong)]


def template(pairs):
    """An array of attributes from (name, bytes | bool | int)."""
    array = (Attribute * len(pairs))()
    keep = []
    for slot, (name, value) in zip(array, pairs):
        if isinstance(value, bool):
            value = bytes([value])
        elif isinstance(value, int):
            value = value.to_bytes(8, sys.byteorder)
        keep.append(ctypes.create_string_buffer(value, len(value)))
        slot.type, slot.value, slot.length = CK[name], ctypes.addressof(keep[-1]), len(value)
    array.keep = keep
    return array


class Module:
    """C_ functions by name; each call gives the name of what it returned."""

    def __init__(self):
        self.list_rv, pointer = "CKR_OK", c_void_p()
        rv = ctypes.CDLL(LIBRARY).C_GetFunctionList(byref(pointer))
        if rv:
            self.list_rv = name_of(rv)
            return
        names = re.findall(r"CALL\((\w+)\)", (HERE / "calls.def").read_text())
        table = (c_void_p * (len(names) + 1)).from_address(pointer.value)
        self.functions = {n: ctypes.CFUNCTYPE(c_ulong)(table[i + 1]) for i, n in enumerate(names)}

    def call(self, name, *arguments):
        return name_of(self.functions[name](*(c_ulong(a) if isinstance(a, int) else a for a in arguments)))

    def slots(self, present=1):
        count, found = c_ulong(16), (c_ulong * 16)()
        assert self.call("C_GetSlotList", present, found, byref(count)) == "CKR_OK"
        return list(found[:count.value])

    def open(self, slot=None, flags=6):
        session = c_ulong()
        rv = self.call("C_OpenSession", self.slots()[0] if slot is None else slot, flags, None, None, byref(session))
        return rv if rv != "CKR_OK" else session.value

    def login(self, session, pin=PIN, user=1):
        data = None if pin is None else pin.encode()
        return self.call("C_Login", session, user, data, len(data or b""))

    def start(self, pin=PIN, user=1):
        """A session that is logged in."""
        self.call("C_Initialize", None)
        session = self.open()
        rv = self.login(session, pin, user)
        assert rv == "CKR_OK", rv
        return session

    def create(self, session, pairs):
        array, handle = template(pairs), c_ulong()
        rv = self.call("C_CreateObject", session, array, len(array), byref(handle))
        return rv if rv != "CKR_OK" else handle.value

    def generate(self, session, public, private):
        """An RSA key pair: both handles, or why there is none."""
        theirs, mine, handles = template(public), template(private), (c_ulong * 2)()
        rv = self.call("C_GenerateKeyPair", session, byref(Mechanism(0, None, 0)), theirs, len(theirs), mine, len(mine),
                       byref(handles), byref(handles, ctypes.sizeof(c_ulong)))
        return rv if rv != "CKR_OK" else list(handles)

    def find(self, session, pairs):
        array, found, count = template(pairs), (c_ulong * 64)(), c_ulong()
        rv = self.call("C_FindObjectsInit", session, array, len(array))
        assert rv == "CKR_OK", rv
        rv = self.call("C_FindObjects", session, found, 64, byref(count))
        assert rv == "CKR_OK", rv
        self.call("C_FindObjectsFinal", session)
        return list(found[:count.value])

    def read(self, session, handle, *names):
        """The result, and for each attribute its bytes in hex or None."""
        array = template([(n, bytes(512)) for n in names])
        rv = self.call("C_GetAttributeValue", session, handle, array, len(array))
        return [rv] + [None if a.length == c_ulong(-1).value else ctypes.string_at(a.value, a.length).hex()
                       for a in array]

    def sign_init(self, session, key):
        return self.call("C_SignInit", session, byref(Mechanism(SIGN_MECHANISM, None, 0)), key)

    def sign(self, session, data=b"to be signed"):
        """The signature in hex, or why there is none."""
        signature, size = (c_ubyte * 512)(), c_ulong(512)
        rv = self.call("C_Sign", session, data, len(data), signature, byref(size))
        return rv if rv != "CKR_OK" else bytes(signature[:size.value]).hex()

    def info(self, name, size, *arguments):
        buffer = (c_ubyte * size)()
        rv = self.call(name, *arguments, buffer)
        return rv, bytes(buffer)

    def token_info(self, slot):
        """Result, label, model, serial, flags, longest and shortest PIN."""
        rv, raw = self.info("C_GetTokenInfo", 512, slot)
        number = [int.from_bytes(raw[96 + 8 * i:104 + 8 * i], sys.byteorder) for i in range(7)]
        texts = [raw[a:b].decode("latin-1").rstrip() for a, b in ((0, 32), (64, 80), (80, 96))]
        return [rv, *texts, number[0], number[5], number[6]]


class Key:
    """An RSA key made by openssl, as numbers."""

    def __init__(self):
        self.pem = pem = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], capture_output=True, text=True,
                                        check=True).stdout
        der = base64.b64decode("".join(line for line in pem.splitlines() if "-" not in line))
        at, integers = 4, []
        while at < len(der):
            length, at = der[at + 1], at + 2
            if length & 0x80:
                width = length & 0x7f
                length, at = int.from_bytes(der[at:at + width], "big"), at + width
            integers.append(der[at:at + length].lstrip(b"\0"))
            at += length
        _, self.n, self.e, self.d, self.p, self.q, self.dp, self.dq, self.qi = integers

    def pairs(self, ident=b"\1", **more):
        return [("CKA_CLASS", PRIVATE), ("CKA_KEY_TYPE", 0), ("CKA_TOKEN", True), ("CKA_PRIVATE", True),
                ("CKA_SENSITIVE", True), ("CKA_EXTRACTABLE", False), ("CKA_SIGN", True), ("CKA_DECRYPT", False),
                ("CKA_ID", ident), ("CKA_LABEL", b"test key"), ("CKA_MODULUS", self.n),
                ("CKA_PUBLIC_EXPONENT", self.e), ("CKA_PRIVATE_EXPONENT", self.d), ("CKA_PRIME_1", self.p),
                ("CKA_PRIME_2", self.q), ("CKA_EXPONENT_1", self.dp), ("CKA_EXPONENT_2", self.dq),
                ("CKA_COEFFICIENT", self.qi), *more.items()]

    def signed(self, signature):
        plain = pow(int(signature, 16), int.from_bytes(self.e, "big"), int.from_bytes(self.n, "big"))
        return f"{plain:0512x}".startswith("0001ffff")


def certificate(ident=b"\1"):
    return [("CKA_CLASS", CERTIFICATE), ("CKA_CERTIFICATE_TYPE", 0), ("CKA_TOKEN", True), ("CKA_ID", ident),
            ("CKA_SUBJECT", b"0\0"), ("CKA_VALUE", b"0\0")]


class Place:
    """A folder with a token and the shim's files."""

    def __init__(self, made=None):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="ssa-shim-"))
        (self.path / "tokens").mkdir()
        if made is not None:
            shutil.copytree(made.path / "tokens", self.path / "tokens", dirs_exist_ok=True)
        (self.path / "softhsm2.conf").write_text(f"directories.tokendir = {self.path}/tokens\nlog.level = ERROR\n")
        self.environment = {
            **os.environ, "SOFTHSM2_CONF": str(self.path / "softhsm2.conf"), "SSA_SHIM_MODULE": softhsm(),
            "SSA_SHIM_SCRIPT": str(self.path / "script"), "SSA_SHIM_LOG": str(self.path / "log"),
            "SSA_SHIM_STATE": str(self.path / "state")}
        self.script("")

    def script(self, text):
        (self.path / "script").write_text(text.replace("$PLACE", str(self.path)))

    def log(self):
        path = self.path / "log"
        return path.read_text().splitlines() if path.exists() else []

    def in_child(self, function):
        """Starts `function(Module())` in a new process; gives its pid and where its answer comes."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.close(read)
                os.environ.update(self.environment)
                answer = json.dumps(function(Module())).encode()
                os.write(write, answer)
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        os.close(write)
        return pid, read

    @staticmethod
    def answer(pid, read):
        with os.fdopen(read, "rb") as pipe:
            data = pipe.read()
        status = os.waitpid(pid, 0)[1]
        return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else json.loads(data)

    def run(self, function):
        """What the function gives, or minus the signal that ended it."""
        return self.answer(*self.in_child(function))

    def tool(self, *arguments):
        return subprocess.run(["pkcs11-tool", "--module", LIBRARY, *arguments], env=self.environment,
                              capture_output=True, text=True, timeout=60)

    def remove(self):
        shutil.rmtree(self.path)


def make_token():
    place = Place()
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "shim", "--pin", PIN, "--so-pin", SO_PIN],
                   env=place.environment, check=True, capture_output=True)
    return place


class ShimTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.key = Key()
        cls.made = make_token()
        cls.made.run(lambda m: m.create(m.start(), cls.key.pairs()))

    @classmethod
    def tearDownClass(cls):
        cls.made.remove()

    def setUp(self):
        self.place = Place(self.made)
        self.addCleanup(self.place.remove)

    def run_with(self, script, function):
        self.place.script(script)
        return self.place.run(function)

    @staticmethod
    def handle(module, session):
        return module.find(session, [("CKA_CLASS", PRIVATE)])[0]

    def ready(self, module):
        session = module.start()
        return session, self.handle(module, session)

    def sign_twice(self, module):
        session, key = self.ready(module)
        return [module.sign_init(session, key), module.sign(session), module.sign_init(session, key),
                module.sign(session)]


def main():
    if not LIBRARY or softhsm() is None:
        raise SystemExit("SSA_SHIM_LIBRARY (the shim) and SoftHSM are needed")
    unittest.main()
