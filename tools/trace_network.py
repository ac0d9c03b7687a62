"""Run a command under strace and list what of it reaches beyond this machine.

    python tools/trace_network.py safecrs evaluate runs/starter --workers 2 --slates S --out E.json

Every address that is not loopback and that the command or a child of it connects to, sends to or listens at
is printed with the system call; the exit status is then 1, else that of the command. Sockets of files and of
the kernel are no network. Needs the Debian package strace.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

_ADDRESS = re.compile(
    r"(?P<call>\w+)\(.*?sin6?_port=htons\((?P<port>\d+)\).*?"
    r"(?:inet_addr\(|inet_pton\(AF_INET6, )\"(?P<host>[^\"]+)\""
)
_CALLS = "connect,bind,sendto,sendmsg,sendmmsg"


def beyond_loopback(trace: Iterable[str]) -> list[str]:
    """Each call with an address that is not loopback in lines of strace, once, as "connect 192.0.2.1:53"."""
    found = dict.fromkeys(
        f"{match['call']} {match['host']}:{match['port']}"
        for line in trace
        if (match := _ADDRESS.search(line)) and not _loopback(match["host"])
    )
    return list(found)


def _loopback(host: str) -> bool:
    address = ip_address(host)
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def main(command: list[str]) -> int:
    """Trace ``command``; its own output passes."""
    if not command or shutil.which("strace") is None:
        sys.stderr.write("Give a command to trace, and install strace (apt-get install strace).\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace"
        strace = ["strace", "-f", "-qq", "-e", f"trace={_CALLS}", "-e", "signal=none", "-o", str(trace)]
        status = subprocess.run([*strace, *command], check=False).returncode  # noqa: S603, as it was asked
        with trace.open(errors="replace") as lines:
            found = beyond_loopback(lines)
    print("\n".join(found) or "Nothing reached beyond this machine.")
    return 1 if found else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
