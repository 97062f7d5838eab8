"""A signer's EVP_PKEY: what OpenSSL does with it (tests/library/signer_evp.c), seen by other eyes."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from pathlib import Path

import places
from cryptography import x509
from harness import PIN
from test_library_signer import SignerCase


class TlsServer:
    """Demands a client's certificate, and answers with its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        connection, _ = self.listening.accept()
        # The client has made its certificate before it comes.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.folder / "cert.pem")
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(64)
            der = tls.getpeercert(binary_form=True)
            assert der is not None
            name = x509.load_der_x509_certificate(der).subject.rfc4514_string()
            tls.sendall(f"{name} {tls.version()}\n".encode())


class EvpKey(SignerCase):
    def openssl(self, *arguments: str) -> str:
        result = self.run_command([places.tool("openssl"), *arguments])
        self.assertEqual(result.code, 0, result.err)
        return result.out + result.err

    def test_certificates_requests_cms_and_tls(self) -> None:
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout", "server.key", "-out", "server.pem")
        message = os.urandom(1000)
        (self.dir / "message").write_bytes(message)
        server = TlsServer(self.dir)
        with self.shim() as log:
            result = self.run_command([str(places.library_program("signer-evp")), str(self.dir), str(server.port)])
        self.expect(result, 0, out="CN=signer TLSv1.2\n")
        server.thread.join(10)
        self.assertEqual(log.count("C_Login"), 1)
        # Raw RSA reached no token, and nothing was decrypted.
        self.assertEqual({call.args.split("mech=")[1].split()[0] for call in log.of("C_SignInit")}, {"CKM_RSA_PKCS"})
        self.assertEqual(log.count("C_DecryptInit"), 0)
        numbers = self.public_key().public_numbers()
        cert = x509.load_pem_x509_certificate((self.dir / "cert.pem").read_bytes())
        self.assertEqual(cert.public_key().public_numbers(), numbers)
        self.assertIn("OK", self.openssl("verify", "-check_ss_sig", "-CAfile", "cert.pem", "cert.pem"))
        request = x509.load_pem_x509_csr((self.dir / "request.pem").read_bytes())
        self.assertTrue(request.is_signature_valid)
        self.assertEqual(request.public_key().public_numbers(), numbers)
        self.openssl("cms", "-verify", "-inform", "PEM", "-in", "cms.pem", "-CAfile", "cert.pem", "-purpose", "any",
                     "-binary", "-out", "seen")  # fmt: skip
        self.assertEqual((self.dir / "seen").read_bytes(), message)

    def test_other_keys_on_the_token_are_nothing_to_it(self) -> None:
        for i in range(3):
            self.assertEqual(self.store.tool("--keypairgen", "--key-type", "EC:edwards25519", "--id", f"e{i}").returncode, 0)
        with self.player() as player:
            player.ok("open")
            player.ok("key")
            self.verify(player.ok("key-sign x"), b"x")

    def test_valgrind_sees_nothing(self) -> None:
        if places.sanitized() or places.wrapper():
            return
        wrapper = [places.tool("valgrind"), "-q", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite"]
        lines = "open\nkey\nkey-sign x\nfree-key\nkey\nin-thread key-sign y\nclose\nkey-sign z\nfree-key\n"
        result = self.run_command([*wrapper, str(places.library_program("signer-player"))], input=lines, timeout=120)
        self.assertEqual(result.code, 0, result.err)
        said = [line.split()[0] for line in result.out.splitlines()]
        self.assertEqual(said, ["ok"] * 7 + ["failed", "ok"])
        self.assertNotIn(PIN, result.err)
