"""In a process of its own: the allocator's settings hold until a process ends."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_PROGRAM = """
import json, resource
from types import SimpleNamespace
import torch
from safecrs.training.memory import STEPS, memory_keeper

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

def step():
    blocks = [torch.ones(2_000_000) for _ in range(8)]
    pinned = torch.ones(1000)  # on top of the heap: what lies below it is not handed back by itself
    return pinned

torch.set_num_threads(1)
keeper = memory_keeper()
kept = step()
start = faults(); kept = step(); plain = faults() - start
keeper.on_train_begin()
kept = step()
start = faults(); kept = step(); reused = faults() - start
held = resident()
keeper.on_step_end(None, SimpleNamespace(global_step=STEPS - 1), None)
between = resident()
keeper.on_step_end(None, SimpleNamespace(global_step=STEPS), None)
print(json.dumps([plain, reused, held, between, resident()]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator is Linux's")
def test_blocks_are_reused_between_steps_and_given_back_now_and_then():
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    plain, reused, held, between, after = json.loads(done.stdout)
    assert reused < plain / 5
    assert abs(between - held) < 2**20
    assert held - after > 40e6  # of the 64 MB of a step
