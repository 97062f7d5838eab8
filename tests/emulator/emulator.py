"""Emulator of the provider's secure-service-account API, for tests: see README.md beside this file."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from api import Api, RateLimit
from clock import Clock
from control import PREFIX as CONTROL_PATH
from control import Control
from faults import Faults
from hubs import Hubs
from keys import Key, KeyMaker, read_pool
from requestlog import RequestLog
from rivals import Rivals
from server import Parts, Server
from service import Service
from tls import server_context
from tokens import AccessTokens

AUDIENCE = "https://developer.api.autodesk.com/authentication/v2/token"


def main() -> None:
    options = arguments()
    folder: Path = options.dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    server = build(options, folder)
    ended = threading.Event()
    stop_with_signals(ended)
    if options.until_eof:
        threading.Thread(target=wait_for_eof, args=(ended,), daemon=True).start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    announce(options, folder, server)
    ended.wait()
    server.server_close()
    # Not sys.exit: threads that hang on purpose, or are deep in a key's making, are not worth the interpreter's care.
    os._exit(0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="folder for everything that is written")
    parser.add_argument("--port", type=int, default=0, help="0, the default: a free one")
    parser.add_argument("--client-id", default=None, help="default: random")
    parser.add_argument("--client-secret", default=None, help="default: random")
    parser.add_argument("--audience", default=AUDIENCE, help="the aud that assertions must have")
    parser.add_argument("--prefix", default="", type=prefix, help="path before /authentication/v2")
    parser.add_argument("--plain-http", action="store_true", help="no TLS")
    parser.add_argument("--rate-limit", type=int, default=0, help="requests a window for each endpoint; 0: any number")
    parser.add_argument("--rate-window", type=float, default=60.0, help="seconds that the rate limit counts over")
    parser.add_argument("--dates", choices=("iso", "utc"), default="iso", help="format of times in answers")
    parser.add_argument("--walkthrough-status", action="store_true", help="200 instead of 201 on creation")
    parser.add_argument("--strict-names", action="store_true", help="underscores in first names alone")
    parser.add_argument("--no-spare-key", action="store_true", help="do not make the next RSA key ahead")
    parser.add_argument("--key-pool", type=pool, default=[], metavar="FILE:FIRST:END", help="keys to hand out first")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input closes")
    return parser.parse_args()


def prefix(text: str) -> str:
    text = text.rstrip("/")
    if text and (not text.startswith("/") or (text + "/").startswith(CONTROL_PATH)):
        raise argparse.ArgumentTypeError("a prefix starts with / and is not the control path")
    return text


def pool(text: str) -> list[Key]:
    path, first, end = text.rsplit(":", 2)
    return read_pool(Path(path), int(first), int(end))


def build(options: argparse.Namespace, folder: Path) -> Server:
    client_id = options.client_id or secrets.token_hex(16)
    secret = options.client_secret or secrets.token_hex(16)
    options.client_id = client_id
    write(folder / "client.json", json.dumps({"client_id": client_id, "client_secret": secret}) + "\n")

    clock = Clock(options.dates)
    maker = KeyMaker(folder / "issued", not options.no_spare_key, options.key_pool)
    service = Service(client_id, clock, maker, options.strict_names)
    tokens = AccessTokens(clock, folder)
    faults = Faults()
    log = RequestLog(folder / "requests.jsonl")
    limit = RateLimit(options.rate_limit, options.rate_window)
    created = 200 if options.walkthrough_status else 201
    hubs = Hubs(service)
    api = Api(secret, options.audience, service, tokens, clock, limit, created, hubs)
    rivals = Rivals(service)
    control = Control(clock, service, tokens, maker, faults, log, rivals, hubs)
    context = None if options.plain_http else server_context(folder)
    return Server(options.port, context, Parts(api, control, faults, log, clock, rivals, options.prefix))


def announce(options: argparse.Namespace, folder: Path, server: Server) -> None:
    origin = f"{'http' if options.plain_http else 'https'}://127.0.0.1:{server.server_address[1]}"
    line = json.dumps(
        {
            "url": origin + options.prefix,
            "control": origin + CONTROL_PATH.rstrip("/"),
            "cacert": None if options.plain_http else str(folder / "ca.pem"),
            "client_id": options.client_id,
            "pid": os.getpid(),
        }
    )
    write(folder / "ready.json", line + "\n")
    print(line, flush=True)


def stop_with_signals(ended: threading.Event) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def wait_for_eof(ended: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    ended.set()


def write(path: Path, text: str) -> None:
    """Atomically, and for the owner alone: client.json holds the secret."""
    beside = path.with_name(path.name + ".new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    beside.replace(path)


if __name__ == "__main__":
    main()
