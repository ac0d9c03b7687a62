"""Where curves go: TensorBoard by default, others on request, and never a conversation."""

from __future__ import annotations

import os
from queue import SimpleQueue

import pytest
from tiny_runs import RL, SFT, SMALL, Killed, kill_at, train_gdpo, train_sft

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.quiet import no_telemetry
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.runs.log import LOG, TrainingLog, series
from safecrs.training.runs.settings import other_trackers, tensorboard

AVAILABLE = "transformers.integrations.integration_utils.get_available_reporting_integrations"
pytestmark = pytest.mark.usefixtures("one_thread")


def curves(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def test_tensorboard_by_default(base, samples, tmp_path):
    """A run that was killed and went on shows each step once."""
    with pytest.raises(Killed):
        train_sft(tmp_path, base, samples, SFT, safe=True, model=SMALL, progress=kill_at(4))
    train_sft(tmp_path, base, samples, SFT, safe=True, model=SMALL)
    events = curves(tmp_path / "logs")
    assert [event.step for event in events.Scalars("train/loss")] == [1, 2, 3, 4, 5, 6]
    assert "train/mean_token_accuracy" in events.Tags()["scalars"]
    assert min(event.value for event in events.Scalars("train/tokens_per_second")) > 0


def test_other_trackers_are_told_the_speed_too(base, samples, tmp_path, monkeypatch):
    from transformers import TrainerCallback
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    told = []

    class Tracker(TrainerCallback):
        def on_log(self, *_, logs, **__):
            told.append(logs.get("tokens_per_second"))

    monkeypatch.setitem(INTEGRATION_TO_CALLBACK, "trackio", Tracker)
    monkeypatch.setattr(AVAILABLE, lambda: ["trackio"])
    train_sft(tmp_path, base, samples, SFT | {"report_to": "trackio"}, safe=True, model=SMALL)
    written = [speed for _, speed in series(TrainingLog(tmp_path / LOG).entries(), "tokens_per_second")]
    assert len(written) == 5
    assert [speed for speed in told if speed is not None] == written


def test_no_conversation_reaches_a_tracker(base, samples, world, tmp_path):
    train_gdpo(tmp_path, base, samples, RL, GdpoSettings(), model=SMALL)
    assert "train/rewards/safety/mean" in curves(tmp_path / "logs").Tags()["scalars"]
    told = b"".join(path.read_bytes() for path in (tmp_path / "logs").rglob("*") if path.is_file())
    told += (tmp_path / "log.jsonl").read_bytes()
    for sample in samples:
        assert sample.prompt[-1].content.encode() not in told
        for said in sample.disclosure:
            assert said.text.encode() not in told
    assert not list(tmp_path.rglob("*.parquet"))


def test_completions_are_not_logged(base, samples, world, tmp_path):
    with pytest.raises(SafecrsError, match="what people disclosed"):
        train_gdpo(tmp_path, base, samples, RL | {"log_completions": True}, GdpoSettings(), model=SMALL)


@pytest.mark.parametrize("tracker", ["wandb", "trackio"])
def test_a_tracker_that_is_not_installed(base, samples, tmp_path, monkeypatch, tracker):
    monkeypatch.setattr(AVAILABLE, list)
    with pytest.raises(SafecrsError, match=f"pip install {tracker}") as caught:
        train_sft(tmp_path, base, samples, SFT | {"report_to": tracker}, safe=True, model=SMALL)
    assert "\n" not in str(caught.value)


def test_a_tracker_that_does_not_exist():
    with pytest.raises(SafecrsError, match="report_to=wanbd is no tracker"):
        other_trackers({"report_to": ["tensorboard", "wanbd"]})


def test_what_transformers_is_told(monkeypatch):
    monkeypatch.setattr(AVAILABLE, lambda: ["trackio", "wandb"])
    assert other_trackers({}) == []
    assert other_trackers({"report_to": "none"}) == []
    assert other_trackers({"report_to": []}) == []
    assert other_trackers({"report_to": "trackio"}) == ["trackio"]
    assert other_trackers({"report_to": ["tensorboard", "wandb"]}) == ["wandb"]


def test_tensorboard_is_not_asked_for(tmp_path, monkeypatch):
    for none in ("none", [], "trackio"):
        assert tensorboard({"report_to": none}, tmp_path, 0) is None
    monkeypatch.setattr("safecrs.training.runs.settings.find_spec", lambda _name: None)
    assert tensorboard({}, tmp_path, 0) is None
    with pytest.raises(SafecrsError, match="pip install tensorboard"):
        tensorboard({"report_to": "tensorboard"}, tmp_path, 0)
    assert not list(tmp_path.iterdir())


def test_a_secret_is_not_recorded(base, samples, tmp_path):
    with pytest.raises(SafecrsError, match="hf auth login") as caught:
        train_sft(tmp_path / "run", base, samples, SFT | {"hub_token": "hf_abc"}, safe=True, model=SMALL)
    assert "hf_abc" not in str(caught.value)
    assert not (tmp_path / "run").exists()


VARIABLES = ("HF_HUB_DISABLE_TELEMETRY", "VLLM_NO_USAGE_STATS")


@pytest.fixture
def sent(monkeypatch):
    """What huggingface_hub was about to send, with nobody having said anything about it."""
    from huggingface_hub import constants
    from huggingface_hub.utils import _telemetry

    for name in VARIABLES:
        monkeypatch.setenv(name, "")  # to be put back
        monkeypatch.delenv(name)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.setattr(constants, "is_offline_mode", lambda: False)
    queue: SimpleQueue[object] = SimpleQueue()
    monkeypatch.setattr(_telemetry, "_TELEMETRY_QUEUE", queue)
    monkeypatch.setattr(_telemetry, "_start_telemetry_thread", lambda: None)
    return queue


def test_the_makers_of_the_libraries_are_told_nothing(sent):
    from huggingface_hub.utils import send_telemetry

    send_telemetry("trl/before")
    assert sent.qsize() == 1, "else this test could not fail"
    no_telemetry()
    send_telemetry("trl/after")
    assert sent.qsize() == 1
    assert [os.environ[name] for name in VARIABLES] == ["1", "1"]


def test_whoever_wants_to_tell_them_may(sent, monkeypatch):
    from huggingface_hub.utils import send_telemetry

    for name in VARIABLES:
        monkeypatch.setenv(name, "0")
    no_telemetry()
    send_telemetry("trl/after")
    assert sent.qsize() == 1
    assert [os.environ[name] for name in VARIABLES] == ["0", "0"]
