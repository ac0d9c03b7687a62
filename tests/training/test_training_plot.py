"""Learning curves from what is on disk."""

from __future__ import annotations

import builtins

import pytest

from safecrs.errors import SafecrsError
from safecrs.training.runs.log import LOG, TrainingLog
from safecrs.training.runs.manifest import RunManifest, write_manifest
from safecrs.training.runs.plot import draw, plot_runs, read_curves
from safecrs.training.runs.selection import RECALL, SELECTED, SVR


def make_run(folder, *entries, ceiling=0.1):
    selection = {"selection": {"svr_ceiling": ceiling}}
    identity = {"stage": "safe-gdpo", "base": "b", "seed": 0, "data": "d", "versions": {}}
    write_manifest(folder, RunManifest(settings=selection, reasons=True, safe=True, **identity))
    log = TrainingLog(folder / LOG)
    for entry in entries:
        log.append(entry["step"], entry)
    return folder


def step(at, recall, svr, **more):
    interval = {f"{RECALL}/low": recall - 0.1, f"{RECALL}/high": recall + 0.1}
    return {"step": at, "loss": 1 / at, RECALL: recall, SVR: svr} | interval | more


@pytest.fixture
def run(tmp_path):
    return make_run(
        tmp_path / "a$b_^",
        step(2, 0.2, 0.3, kl=0.1),
        step(4, 0.4, 0.05, **{"rewards/safety/mean": -0.5, "rewards/safety/std": 0.1}),
        step(6, 0.5, 0.2, **{"slate/length": 9.0, "validation/length": 8.0}),
    )


def panels(figure):
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_visible()}


def stars(axes):
    return [line.get_xydata().tolist() for line in axes.lines if line.get_marker() == "*"]


def test_every_quantity_has_a_panel_and_the_chosen_checkpoint_a_star(run):
    figure, title = draw(read_curves([run]))
    drawn = panels(figure)
    assert title == "a$b_^"
    assert list(drawn) == [
        "loss",
        "validation: Recall@10",
        "validation: SVR@10",
        "items a list",
        "reward: safety",
        "KL from the start",
    ]
    assert drawn["loss"].lines[0].get_xydata().tolist() == [[2, 0.5], [4, 0.25], [6, 1 / 6]]
    # Step 6 has more hits, but is over the ceiling.
    assert stars(drawn["validation: Recall@10"]) == [[[4, 0.4]]]
    assert stars(drawn["validation: SVR@10"]) == [[[4, 0.05]]]
    assert not stars(drawn["loss"])
    (band,) = drawn["validation: Recall@10"].collections
    low, high = band.get_datalim(drawn["validation: Recall@10"].transData).intervaly
    assert (low, high) == pytest.approx((0.1, 0.6))
    assert len(drawn["items a list"].lines) == 2


def test_what_was_logged_as_selected_is_marked(run):
    TrainingLog(run / LOG).append(6, {SELECTED: 2})
    figure, _ = draw(read_curves([run]))
    assert stars(panels(figure)["validation: Recall@10"]) == [[[2, 0.2]]]


def test_runs_are_told_apart_by_as_little_of_their_folders_as_it_takes(tmp_path):
    first = make_run(tmp_path / "one" / "safe", step(1, 0.1, 0.0))
    second = make_run(tmp_path / "two" / "safe", {"step": 1, "loss": 3.0})
    figure, title = draw(read_curves([first, second]))
    assert title == "one/safe, two/safe"
    assert len(panels(figure)["loss"].lines) == 2
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert labels[:2] == ["one/safe", "two/safe"]


@pytest.mark.parametrize(
    ("ending", "start"), [("png", b"\x89PNG"), ("PNG", b"\x89PNG"), ("svg", b"<?xml"), ("html", b"<!doctype")]
)
def test_files(run, tmp_path, ending, start):
    out = tmp_path / "out" / f"curves.{ending}"
    plot_runs([run], out)
    content = out.read_bytes()
    assert content.startswith(start)
    if ending == "html":
        assert b"<svg" in content
        assert b"<title>a$b_^</title>" in content
        assert b"http-equiv" not in content
    plot_runs([run], out)
    assert out.read_bytes() == content, "equal logs give equal files"


def test_half_a_line_of_a_run_that_goes_on(run):
    with (run / LOG).open("a") as file:
        file.write('{"step": 8, "lo')
    (curves,) = read_curves([run])
    assert [entry["step"] for entry in curves.entries] == [2, 4, 6]


def test_what_cannot_be_drawn(tmp_path, run, monkeypatch):
    with pytest.raises(SafecrsError, match="absent does not exist"):
        plot_runs([tmp_path / "absent"], tmp_path / "a.png")
    with pytest.raises(SafecrsError, match="holds nothing yet"):
        plot_runs([make_run(tmp_path / "new")], tmp_path / "a.png")
    with pytest.raises(SafecrsError, match="no curve to draw yet"):
        plot_runs([make_run(tmp_path / "odd", {"step": 5, "train_runtime": 1.0})], tmp_path / "a.png")
    with pytest.raises(SafecrsError, match=r"\.png, \.svg or \.html"):
        plot_runs([run], tmp_path / "a.pdf")
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SafecrsError, match=r"pip install -e '\.\[report\]'"):
        plot_runs([run], tmp_path / "a.png")
    assert not list(tmp_path.glob("a.*"))
