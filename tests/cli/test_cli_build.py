"""Every command that builds something, on inputs of a few rows."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from safecrs.benchmark import load_benchmark
from safecrs.benchmark.filtering import VerdictTable
from safecrs.benchmark.store import ORACLE, read_card
from safecrs.oracle import Oracle
from safecrs.starter import read_starter

BASICS = (
    "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
    "tt0387564\tmovie\tSaw\tSaw\t0\t2004\t\\N\t103\tHorror\n"
    "tt0001\tshort\tA Short\tA Short\t0\t1999\t\\N\t1\tShort\n"
    "tt0266543\tmovie\tFinding Nemo\tFinding Nemo\t0\t2003\t\\N\t100\tAnimation\n"
)


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """A folder of inputs about starter films, in the format of each corpus."""
    import datasets

    folder = tmp_path_factory.mktemp("inputs")
    films = [(item.title, item.year) for item in read_starter("film")[0][:60]]
    labels = [f"{title} ({year})" for title, year in films]
    ids = [f"tt{number:07d}" for number in range(60)]
    (folder / "titles.json").write_text(json.dumps(dict(zip(labels, ids, strict=True))))
    (folder / "mpaa.tsv").write_text(
        "title\tyear\trating\treason\n" + f"{films[0][0]}\t{films[0][1]}\tR\tRated R for graphic violence.\n"
    )
    requests = [
        {
            "context": [f"Request {n}"],
            "resp": "Try these",
            "rec": [ids[(n * 7 + s * 3) % 60] for s in range(4)],
        }
        for n in range(40)
    ]
    for name, some in (("all", requests), ("train", requests[:25]), ("test", requests[25:])):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, some)))
    rows = ["dialog_id\tspeaker\ttext\tmovies\tcoarse_label"]
    for n in range(20):
        label = labels[n]
        rows += [
            f"d{n}\tSEEKER\tHi, what is good?\t\taccept_new",
            f"d{n}\tRECOMMENDER\tTry {label}\t{label}\taccept_new",
            f"d{n}\tSEEKER\tSounds great\t\taccept_new",
        ]
    (folder / "inspired.tsv").write_text("\n".join(rows) + "\n")
    (folder / "esrb.csv").write_text(
        "title,descriptors\nAlan Wake,Blood and Gore\n"
        "Quiet Gardens,No Descriptors\nNoisy Gardens,Blood and Gore\n"
    )
    (folder / "movies.csv").write_text(
        "movieId,title,genres\n"
        + "".join(f'{n},"{label}",Drama\n' for n, label in enumerate(labels) if '"' not in label)
    )
    (folder / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n"
        + "".join(f"{person},{(person * 7 + n) % 60},5,0\n" for person in range(30) for n in range(25))
    )
    sample = {
        "prompt": [{"role": "user", "content": "I faint at blood. Something like Big Fish?"}],
        "seen_titles": ["Big Fish (2003)"],
        "groundtruth_with_release_year": [["Finding Nemo", "2003"], ["Nowhere", ""]],
        "constraints": {"Anti-gore / squeamish": True},
    }
    datasets.Dataset.from_list([sample]).save_to_disk(str(folder / "released"))
    return folder


@pytest.fixture(scope="session")
def films(inputs, tmp_path_factory):
    """A compiled oracle whose catalog has IMDb ids."""
    from typer.testing import CliRunner

    from safecrs.cli.main import app

    out = tmp_path_factory.mktemp("oracle") / "films.safetensors"
    arguments = ["oracle", "compile", "--items", str(inputs / "titles.json"), "--starter", "--out", str(out)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return out


BUILDERS = {
    "inspired": ["inspired", "{inputs}/inspired.tsv"],
    "inspired with an oracle": ["inspired", "{inputs}/inspired.tsv", "--oracle", "{films}"],
    "reddit in one file": ["reddit", "{inputs}/all.jsonl", "--oracle", "{films}"],
    "reddit by split": [
        *("reddit", "--train", "{inputs}/train.jsonl", "--test", "{inputs}/test.jsonl"),
        *("--titles", "{inputs}/titles.json", "--mpaa", "{inputs}/mpaa.tsv"),
    ],
    "released": ["released", "{inputs}/released", "--split", "validation"],
    "game": ["game", "--esrb", "{inputs}/esrb.csv"],
    "movielens": ["movielens", "{inputs}"],
}


@pytest.mark.parametrize("name", BUILDERS)
def test_a_benchmark_is_built_checked_and_replaced_only_when_asked(
    cli, refused, inputs, films, tmp_path, name
):
    command = ["data", *(part.format(inputs=inputs, films=films) for part in BUILDERS[name])]
    out = tmp_path / "built"
    done = cli(*command, "--out", out)
    assert done.code == 0, done.err
    assert done.err == ""
    assert ": 1/1" in done.out or "Build the benchmark: " in done.out, "progress is shown"
    held = load_benchmark(out)
    facts = held.card.splits
    for split in ("train", "validation", "test"):
        assert facts[split].samples == len(held.split(split))
        assert f"{split}: {len(held.split(split)):,} samples" in done.out
    stored = VerdictTable.of(Oracle.load(out / ORACLE), held.card.threshold)
    assert stored.fingerprint() == held.card.verdicts_fingerprint
    splits = {split for split, fact in facts.items() if fact.samples}
    assert splits == {
        "inspired": {"train", "test"},
        "inspired with an oracle": {"train", "test"},
        "reddit by split": {"train", "test"},
        "released": {"validation"},
    }.get(name, {"train", "validation", "test"})

    card = (out / "card.json").read_bytes()
    assert "already holds a benchmark" in refused(*command, "--out", out)
    assert cli(*command, "--out", out, "--overwrite").code == 0
    assert (out / "card.json").read_bytes() == card, "equal inputs give an equal benchmark"
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("cat")
    assert "not a benchmark" in refused(*command, "--out", tmp_path / "photos", "--overwrite")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["built", "photos"]


def test_steps_are_kept_when_asked_and_can_be_followed(cli, refused, inputs, films, tmp_path):
    thin = {"context": ["One film, please"], "resp": "This one", "rec": ["tt0000001"]}
    train = (inputs / "train.jsonl").read_text() + "\n" + json.dumps(thin)
    (tmp_path / "train.jsonl").write_text(train)
    command = (
        "data",
        "reddit",
        "--train",
        tmp_path / "train.jsonl",
        "--oracle",
        films,
        "--out",
        tmp_path / "b",
    )
    assert cli(*command).code == 0
    assert "--keep-steps" in refused("data", "steps", tmp_path / "b", "--id", "reddit:0")
    done = cli(*command, "--overwrite", "--keep-steps")
    assert done.code == 0, done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "train.jsonl"]
    rows = [json.loads(line) for line in (tmp_path / "b/steps/03-filtered.jsonl").read_text().splitlines()]
    dropped = [row["id"] for row in rows if "dropped" in row]
    assert len(dropped) == 1
    assert len(rows) > 20
    shown = cli("data", "steps", tmp_path / "b").out
    assert re.search(rf"^filter +{len(rows)} +{len(rows) - len(dropped)} ", shown, re.MULTILINE)
    assert "with too little ground truth left" in shown
    way = [
        json.loads(line) for line in cli("data", "steps", tmp_path / "b", "--id", dropped[0]).out.splitlines()
    ]
    assert [row["step"] for row in way] == ["import", "assign", "filter"]
    assert "with too little ground truth left" in way[-1]["dropped"]
    assert "no dialogue 'reddit:0'" in refused("data", "steps", tmp_path / "b", "--id", "reddit:0")
    card = cli("data", "card", tmp_path / "b").out
    assert "Traits assigned by the oracle" in card
    assert "drawn to have none" in card


def test_an_endpoint_needs_an_address_and_a_model(refused, tmp_path):
    assert "--llm-model" in refused(
        "data", "starter", "--out", tmp_path / "b", "--llm", "http://localhost:1/v1"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_target_is_looked_at_before_the_work(refused, tmp_path, monkeypatch):
    def never(*_args, **_kwargs):
        raise AssertionError("worked first")

    for name in ("game_oracle", "read_movielens", "build_inspired", "build_reddit", "build_released"):
        monkeypatch.setattr(f"safecrs.benchmark.{name}", never)
    (tmp_path / "file").write_text("x")
    out = tmp_path / "file" / "below"
    for command in (
        ["game"],
        ["movielens", "absent"],
        ["inspired", "absent"],
        ["released", "absent"],
        ["reddit", "absent", "--oracle", "absent"],
    ):
        assert f"Cannot write {out}" in refused("data", *command, "--out", out)
    monkeypatch.setattr("safecrs.cli.oracle.compile_oracle", never)
    assert f"Cannot write {out}" in refused("oracle", "compile", "--out", out)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("inspired", "absent"), "absent does not exist"),
        (("movielens", "absent"), "absent/movies.csv does not exist"),
        (("released", "absent", "--split", "test"), "absent does not exist"),
        (("game", "--esrb", "absent"), "absent does not exist"),
        (("reddit", "absent", "--titles", "{inputs}/titles.json"), "absent does not exist"),
        (("reddit", "{inputs}/all.jsonl", "--titles", "absent.json"), "absent.json does not exist"),
        (("reddit", "{inputs}/all.jsonl", "--oracle", "absent"), "absent does not exist"),
        (("inspired", "{inputs}/inspired.tsv", "--oracle", "absent"), "absent does not exist"),
        (("reddit", "{inputs}/all.jsonl"), "give either --titles or --oracle"),
        (
            ("reddit", "{inputs}/all.jsonl", "--titles", "{inputs}/titles.json", "--oracle", "{films}"),
            "give either --titles or --oracle",
        ),
        (("reddit", "{inputs}/all.jsonl", "--oracle", "{films}", "--mpaa", "{inputs}/mpaa.tsv"), "--mpaa"),
        (("reddit", "--titles", "{inputs}/titles.json"), "either one file of requests, or --train"),
        (
            ("reddit", "{inputs}/all.jsonl", "--test", "{inputs}/test.jsonl", "--oracle", "{films}"),
            "either one file of requests, or --train",
        ),
        (("released", "{inputs}/released"), "say whether it is train"),
        (("released", "{inputs}/released", "--split", "tests"), "it is not one of"),
        (("inspired", "{inputs}/esrb.csv"), "no column 'dialog_id'"),
        (("movielens", "{inputs}/released"), "movies.csv does not exist"),
        (("game", "--esrb", "{inputs}/titles.json"), "titles.json"),
        (("reddit", "{inputs}/inspired.tsv", "--oracle", "{films}"), "row 1 is not readable JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_what_is_wrong_is_one_sentence(refused, inputs, films, tmp_path, monkeypatch, command, words):
    monkeypatch.chdir(tmp_path)
    parts = [part.format(inputs=inputs, films=films) for part in command]
    assert words in refused("data", *parts, "--out", "out")
    assert list(tmp_path.iterdir()) == []


def compiled(cli, tmp_path, *arguments):
    out = tmp_path / "compiled.safetensors"
    done = cli("oracle", "compile", *arguments, "--out", out)
    assert done.code == 0, done.err
    assert "Read the catalog: 1/1" in done.out
    return Oracle.load(out)


@pytest.mark.parametrize("name", ["title.basics.tsv.gz", "films.tsv"])
def test_a_catalog_of_imdbs_titles(cli, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(BASICS.encode()) if name.endswith("gz") else BASICS.encode())
    oracle = compiled(cli, tmp_path, "--items", path, "--starter")
    assert oracle.catalog.labels == ["Saw (2004)", "Finding Nemo (2003)"]
    assert oracle.catalog.row_of_imdb_id == {"tt0387564": 0, "tt0266543": 1}
    assert oracle.unsafe({"gore": 0.66}).tolist() == [True, False]


def test_catalogs_of_several_kinds_join(cli, tmp_path):
    (tmp_path / "redial.json").write_text('{"7": {"name": "Saw (2004)", "genre": ["Horror"], "plot": "Two"}}')
    with gzip.open(tmp_path / "titles_to_imdb.json.gz", "wt") as file:
        file.write('\n {"Saw (2004)": "tt0387564", "Up \\"2\\" (2009)": "tt1049413"}')
    (tmp_path / "mine.csv").write_text("title,year\nMine,2020\n")
    names = ("redial.json", "titles_to_imdb.json.gz", "mine.csv")
    oracle = compiled(cli, tmp_path, *(part for name in names for part in ("--items", tmp_path / name)))
    assert oracle.catalog.labels == ["Saw (2004)", 'Up "2" (2009)', "Mine (2020)"]
    assert oracle.catalog.plot(0) == "Two", "the first of two is kept"


def test_the_ddd_table(cli, refused, tmp_path):
    table = tmp_path / "ml-ddd.csv"
    table.write_text("title,Clear Yes: the dog dies,Clear Yes: spiders\nSaw (2004),0,1\nFinding Nemo,1,0\n")
    (tmp_path / "films.csv").write_text("title,year\nSaw,2004\nFinding Nemo,2003\n")
    oracle = compiled(cli, tmp_path, "--items", tmp_path / "films.csv", "--ddd-table", table)
    assert oracle.unsafe({"spiders_reptiles": 0.66}).tolist() == [True, False]
    assert oracle.unsafe({"animal_harm": 0.66}).tolist() == [False, True]
    message = refused("oracle", "compile", "--ddd-table", tmp_path / "films.csv", "--out", tmp_path / "o")
    assert "Nothing of " in message
    assert "films.csv was used: 2 × there is no column named" in message
    assert "title, year" in message


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", "[1]", "a.json holds no items"),
        ("a.json", "{}", "a.json holds no items"),
        ("a.json", '{"Saw (2004)": 7}', "a.json holds no items"),
        ("a.json", '{"Saw (2004)": "x"}', "Saw (2004) String should match"),
        ("a.json", '{"Saw (2004)": "tt0387564"', "is not readable JSON"),
        ("a.json", '{"7": {"title": "Saw"}}', "a.json: 7.name Field required"),
        ("a.tsv", "tconst\ttitleType\n", "not IMDb's title.basics"),
        ("a.csv", "", "is empty"),
        ("a.csv.gz", "title,year\n", "cannot be read"),
    ],
)
def test_a_catalog_of_no_known_kind(refused, tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    message = refused("oracle", "compile", "--items", tmp_path / name, "--out", tmp_path / "o")
    assert words in message
    assert name in message
    assert not (tmp_path / "o").exists()


def test_the_card_of_a_game_benchmark_says_what_is_synthetic(cli, tmp_path):
    assert cli("data", "game", "--out", tmp_path / "game", "--seed", "3").code == 0
    assert read_card(tmp_path / "game").seed == 3
    assert "SYNTHETIC TASTES" in cli("data", "card", tmp_path / "game").out
