"""A distant server, as a process of its own: distant.py PORT DELAY_MS passes connections on to that port of loopback.

What either side says is held for the delay, as on a line that is so long. Here the connection itself is there at once,
so the client's first bytes wait for one round trip more: the time of TCP's own greeting. Prints its port, and ends when
its standard input does.
"""

from __future__ import annotations

import asyncio
import os
import sys


async def _deliver(queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    while True:
        due, data = await queue.get()
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        if not data:
            break
        writer.write(data)
    writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hold: float, first: float) -> None:
    """One direction; an empty piece is its end."""
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    delivering = asyncio.create_task(_deliver(queue, writer))
    clock = asyncio.get_running_loop().time
    earliest = 0.0  # nothing overtakes what came before it
    data = b"-"
    while data:
        try:
            data = await reader.read(65536)
        except ConnectionError:
            data = b""
        earliest = max(earliest, clock() + hold + first)
        first = 0
        queue.put_nowait((earliest, data))
    await delivering


async def _serve(port: int, hold: float) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        to_server = _carry(reader, server_writer, hold, 2 * hold)
        await asyncio.gather(to_server, _carry(server_reader, writer, hold, 0), return_exceptions=True)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, lambda: os.read(0, 4096) or ended.set())
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]) / 1000))
