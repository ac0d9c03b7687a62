"""In a process of its own: what the allocator keeps depends on all that the process did before."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_PROGRAM = """
import ctypes, json, resource
from contextlib import suppress
from types import SimpleNamespace
import torch
from transformers import TrainerCallback  # what the import allocates comes before all that is measured
from safecrs.training.runs.callbacks import TRIM_STEPS as STEPS, kept_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

def step():
    blocks = [torch.ones(2_000_000) for _ in range(8)]
    pinned = torch.ones(1000)  # on top of the heap: what lies below it is not handed back by itself
    return pinned

def faults_of_a_step():
    start = faults(); pinned = step(); return faults() - start

class Info(ctypes.Structure):  # of malloc.h
    _fields_ = [(name, ctypes.c_int) for name in "arena ordblks smblks hblks a b c d e f".split()]

mallinfo = ctypes.CDLL(None).mallinfo
mallinfo.restype = Info

def mapped():
    # How many blocks the kernel gave for 512 MB, more than lies free: one, unless the allocator was told
    # otherwise. Nobody writes into it.
    start = mallinfo().hblks; block = torch.empty(128_000_000); return mallinfo().hblks - start

def left_by_small():
    # 300 MB, more than fits between what is held: from the top of the heap, which goes back when it is free.
    start = resident(); blocks = [b"x" * 60_000 for _ in range(5000)]; del blocks
    return resident() - start

torch.set_num_threads(1)
kept = step()
told = {"plain": faults_of_a_step(), "small": left_by_small()}
with suppress(KeyError), kept_memory() as keeper:
    kept = step()
    kept = step()
    told |= {"reused": faults_of_a_step(), "held": resident()}
    keeper.on_step_end(None, SimpleNamespace(global_step=STEPS - 1), None)
    told["between"] = resident()
    keeper.on_step_end(None, SimpleNamespace(global_step=STEPS), None)
    told |= {"given back": resident(), "small, kept": left_by_small(), "before": resident()}
    raise KeyError
told["after"] = resident()
told |= {"small, later": left_by_small(), "mapped, later": mapped()}
print(json.dumps(told))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator is Linux's")
def test_blocks_are_reused_while_training_and_given_back_now_and_then_and_in_the_end():
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["reused"] < told["plain"] / 5
    assert abs(told["between"] - told["held"]) < 2**20
    assert told["held"] - told["given back"] > 40e6  # of the 64 MB of a step
    assert told["small, kept"] > 200e6
    # Afterwards the allocator is as it was: nothing is kept any more that nobody would give back.
    assert told["before"] - told["after"] > 200e6
    assert told["small, later"] < 150e6
    assert told["mapped, later"] == 1
