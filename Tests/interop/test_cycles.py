"""A thousand times a server's process is started under its supervisor and ended in one of four ways: nothing may be left.

Each child starts a daemon that leaves its session, which only the supervisor can find again. TOOLGATE_CYCLES says how often.
"""

import concurrent.futures
import os
import pathlib
import socket
import subprocess
import time

from harness import TOOLGATE

CYCLES = int(os.environ.get("TOOLGATE_CYCLES", "1000"))
# How the daemons are told apart from everybody else's: nobody sleeps for so long.
SLEEP = f"31415.{os.getpid()}"
WAYS = ("input closed", "terminated", "killed", "gateway gone")


def cycle(number: int) -> tuple[str, bytes]:
    way = WAYS[number % len(WAYS)]
    gateway, control = socket.socketpair()
    gateway.settimeout(30)
    # Descriptor 3 is what the supervisor is told by, and tells by (docs/processes.md).
    process = subprocess.Popen(
        ["/bin/bash", "-c", f'exec 3<&{control.fileno()}; exec "$0" "$@"', TOOLGATE, "internal", "supervise", "--",
         "/bin/sh", "-c", f"(setsid sleep {SLEEP} &) ; exec cat"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=(control.fileno(),),
        start_new_session=True)
    control.close()
    told = b""
    try:
        process.stdin.write(b"x\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"x\n"
        assert number % 100 or wait_for_daemon(), "the daemon that is looked for later never was"
        if way == "input closed":
            process.stdin.close()
        elif way == "terminated":
            gateway.send(b"T")
        elif way == "killed":
            gateway.send(b"K")
        else:
            gateway.close()
        if way != "gateway gone":
            told = gateway.recv(64)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
        gateway.close()
        process.stdout.close()
        if not process.stdin.closed:
            process.stdin.close()
    return way, told


def wait_for_daemon() -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if left():
            return True
    return False


def left() -> list[int]:
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and SLEEP.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def test_a_thousand_starts_and_ends_leave_no_process():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(cycle, range(CYCLES)))
    assert left() == []
    assert len(ends) == CYCLES
    for way, told in ends:
        assert way == "gateway gone" or told, f"nobody was told how the process ended when it was {way}"
