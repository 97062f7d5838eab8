"""A small shell with job control, which the kernel wants before it lets control-Z stop anything.

    pin_job.py CMD [ARG ...]

Runs CMD as the foreground job of its terminal. Each time that it is stopped it writes "[stopped]", takes the terminal
back, waits for a line and puts the job into the foreground again. Ends as CMD does.
"""

from __future__ import annotations

import os
import signal
import sys


def main(argv: list[str]) -> int:
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpgrp())
        for number in (signal.SIGTTOU, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.execv(argv[0], argv)
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        os.tcsetpgrp(0, os.getpgrp())
        if not os.WIFSTOPPED(status):
            code = os.waitstatus_to_exitcode(status)
            print(f"[ended {code}]", flush=True)
            return code if code >= 0 else 128 - code
        print("[stopped]", flush=True)
        sys.stdin.readline()
        os.tcsetpgrp(0, child)
        os.killpg(child, signal.SIGCONT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
