"""Ray: a cluster of this machine's own that leaves nothing behind, or one that is running already."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from safecrs.errors import SafecrsError, extra

_ADDRESS = "RAY_ADDRESS"
_OBJECT_STORE = 100 * 2**20  # bytes; what we pass around is small


@contextmanager
def ray_cluster(workers: int) -> Iterator[dict[str, float]]:
    """Ray, ready for so many workers, and the resources that each of them asks for.

    The cluster that ``RAY_ADDRESS`` names is used as it is. Otherwise one is started here, and ended
    afterwards: its ports answer only to a token made for it, its logs are deleted with it. Ray's
    makers are told nothing unless ``RAY_USAGE_STATS_ENABLED`` says so.

    Raises:
        SafecrsError: Ray is not installed, or there is no such cluster.
    """
    running = os.environ.get(_ADDRESS)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if not running and "ray" not in sys.modules:  # it reads these when it is imported
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise SafecrsError(f"Several workers need Ray: {extra('ray')}.") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    with tempfile.TemporaryDirectory(prefix="safecrs-ray-", ignore_cleanup_errors=True) as folder:
        cores = max(workers, os.cpu_count() or 1)
        local = {
            "num_cpus": cores,
            "include_dashboard": False,
            "object_store_memory": _OBJECT_STORE,
            "_temp_dir": folder,
            "_node_ip_address": "127.0.0.1",
        }
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **({} if running else local))
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            where = f"at {running}" if running else "on this machine"
            raise SafecrsError(f"There can be no Ray cluster {where} ({reason}).") from error
        try:
            yield _needs(ray.cluster_resources(), 1 if running else cores // workers)
        finally:
            ray.shutdown()


def _needs(resources: Mapping[str, Any], cores: int) -> dict[str, float]:
    """A GPU where there are any; Ray lets a worker use as many threads as it asks for cores."""
    return {"num_cpus": cores, "num_gpus": 1} if resources.get("GPU") else {"num_cpus": cores}
