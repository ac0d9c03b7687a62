"""What reaches beyond this machine, by the system calls of a command and its children."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from safecrs.benchmark import save_benchmark
from trace_network import beyond_loopback

TOOL = Path(__file__).parents[2] / "tools" / "trace_network.py"
TRACE = """\
1 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.1")}, 16) = 0
2 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.1")}, 16) = 0
3 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.1.2.3")}, 16) = -1 ECONNREFUSED
4 connect(4, {sa_family=AF_UNIX, sun_path="/run/nscd/socket"}, 110) = -1 ENOENT
5 bind(5, {sa_family=AF_INET6, sin6_port=htons(0), inet_pton(AF_INET6, "::", &sin6_addr)}, 28) = 0
6 sendto(6, "x", 1, 0, {sa_family=AF_INET6, sin6_port=htons(9), inet_pton(AF_INET6, "::1", &x)}, 28) = 1
7 sendmsg(6, {msg_name={sin6_port=htons(9), inet_pton(AF_INET6, "::ffff:127.0.0.1", &x)}}) = 1
8 bind(7, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0
"""
OPENS = """
import socket, sys
for call, address in [("connect", ("192.0.2.1", 9)), ("bind", ("", 0))]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        if sys.argv[1] == "out":
            getattr(opened, call)(address)
        else:
            opened.bind(("127.0.0.1", 0))
"""


def strace_works() -> bool:
    return (
        bool(shutil.which("strace"))
        and not subprocess.run(
            ["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False
        ).returncode
    )


needs_strace = pytest.mark.skipif(not strace_works(), reason="strace is not installed or may not trace")


def traced(*command):
    done = subprocess.run([sys.executable, TOOL, *command], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def test_loopback_files_and_the_kernel_are_no_network():
    assert beyond_loopback(TRACE.splitlines()) == ["connect 192.0.2.1:53", "bind :::0"]


@needs_strace
def test_calls_of_children_are_found():
    python = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {OPENS!r}, sys.argv[1]], check=True)"
    )
    assert traced(sys.executable, "-c", python, "in") == (0, ["Nothing reached beyond this machine."])
    assert traced(sys.executable, "-c", python, "out") == (1, ["connect 192.0.2.1:9", "bind 0.0.0.0:0"])
    assert traced(sys.executable, "-c", "raise SystemExit(7)")[0] == 7


@needs_strace
@pytest.mark.slow
def test_workers_of_this_machine_use_no_network(world, tmp_path):
    save_benchmark(world.benchmark, tmp_path / "b")
    options = ["--workers", "2", "--slates", tmp_path / "s", "--out", tmp_path / "e.json"]
    status, lines = traced(sys.executable, "-m", "safecrs", "evaluate", tmp_path / "b", *options)
    assert (status, lines[-1]) == (0, "Nothing reached beyond this machine."), lines
    assert (tmp_path / "e.json").is_file()
