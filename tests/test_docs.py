"""What exists is documented, and what is documented exists.

| fault | test |
|---|---|
| a tag or a field is missing in the documentation, or is there no more, or means something else | test_every_tag_and_field_is_documented_as_it_is |
| ... of a rollup | test_every_field_of_a_rollup_is_documented_as_it_is |
| ... or the parts of a field cannot be told | test_every_part_of_a_field_can_be_told_from_its_row |
| a model is missing, or is there no more, or is told otherwise | test_every_model_is_documented |
| ... or the number of models is another | test_the_number_of_models_is_told_as_it_is |
| a key of a METER, or a column of a meter file, is missing or is there no more | test_every_key_of_a_meter_is_documented, test_every_column_of_a_meter_file_is_documented |
| a word of the bucket `cost` is missing, or is told otherwise | test_every_tag_and_field_of_a_cost_is_documented_as_it_is |
| a command is missing, or is there no more | test_every_command_is_documented, test_every_command_about_costs_is_documented |
| a key of a tariff file is missing, or is there no more; the example is refused | test_every_key_of_a_tariff_file_is_documented, test_the_tariff_file_of_the_text_is_one |
| an option is missing, or is there no more; a default is another | test_every_option_is_documented, test_every_default_is_documented |
| an environment variable is read in secret | test_every_environment_variable_is_documented |
| an error leaves its reader alone, or the advice is about none | test_every_error_is_explained, test_every_explained_error_exists |
| a terminal of the size that is told is too small for the picture, or a smaller one does | test_the_windows_are_as_large_as_the_texts_say |
| an example is refused | test_every_example_of_a_meter_is_one, test_the_examples_of_the_output_are_sound |
| the README's commands do not work | test_every_make_target_in_the_texts_exists, test_a_real_meter_is_metered_by_the_commands_of_the_readme |
| a link leads nowhere | test_every_link_leads_somewhere |
| a section still waits to be written | test_no_section_is_a_placeholder, test_a_placeholder_is_recognised |
"""

import argparse
import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from wattline import cli, costs, fields, meterfile
from wattline.keys import KEYS
from wattline.meterfile import rows as meterfile_rows
from wattline.meters import load_models
from wattline.rainforest.words import STICK_KEYS
from wattline.registers import Encoding
from wattline.rollups import OWN_FIELDS, ROLLUP_FIELDS
from wattline.systems import system_of
from wattline.watch import several, single
from wattline.watch.state import State
from wattline.words import parse_meters
from wattline_backup.cli import BACKUP
from wattline_cost.cli import COST
from wattline_cost.tariff import components, file, rules, sources, table, version

CHECKOUT = Path(__file__).parents[1]
PACKAGE = CHECKOUT / "plugin" / "wattline"
README = (CHECKOUT / "README.md").read_text()
BACKUP_README = (CHECKOUT / "backup" / "README.md").read_text()
COST_README = (CHECKOUT / "cost" / "README.md").read_text()
PLUGIN_README = (CHECKOUT / "plugin" / "README.md").read_text()
INFLUXDB_README = (CHECKOUT / "compose" / "influxdb" / "README.md").read_text()
TELEGRAF_README = (CHECKOUT / "telegraf" / "README.md").read_text()
CONTRIBUTING = (CHECKOUT / "CONTRIBUTING.md").read_text()
TEXTS = {
    path: path.read_text()
    for path in sorted(CHECKOUT.rglob("*.md"))
    if not {".venv", ".venv-export", ".git", ".pytest_cache", ".hypothesis"} & set(path.parts)
}
# Options of other programs, and those that argparse brings.
FOREIGN_OPTIONS = {"--strict-env-handling", "--config", "--config-directory", "--test", "--test-wait", "--name"}
FOREIGN_OPTIONS |= {"--retention", "--version", "--help", "--org", "--bucket", "--description", "--hide-headers"}
FOREIGN_OPTIONS |= {"--write-bucket", "--input-filter", "--backup", "--reload", "--quick", "--long", "--full"}
FOREIGN_OPTIONS |= {"--raw", "--batch", "--file", "--shard-group-duration", "--here", "--days", "--minutes", "--seed"}
FOREIGN_OPTIONS |= {"--no-stream", "--volumes", "--force-recreate", "--rm", "--bolt-path", "--username"}
FOREIGN_OPTIONS |= {"--id", "--new-bucket", "--target", "--tag", "--force", "--password", "--now", "--stdin-name"}
FOREIGN_OPTIONS |= {"--start", "--stop", "--predicate"}


def section(text: str, title: str) -> str:
    """What stands below the heading ``title``, up to the next heading of its rank."""
    (found,) = re.findall(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    return str(found)


def rows(text: str) -> list[list[str]]:
    """The cells of the rows of each table."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def options(name: str) -> Iterator[argparse.Action]:
    """The options of a command that it does not share with every program."""
    for action in cli.parser_of(name)._actions:
        if action.option_strings and not isinstance(action, argparse._HelpAction):
            yield action


def strings(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The options of a parser and of its actions."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from strings(inner)
        elif not isinstance(action, argparse._HelpAction):
            yield from action.option_strings


@pytest.mark.parametrize("measurement", fields.VOCABULARY)
def test_every_tag_and_field_is_documented_as_it_is(measurement: str) -> None:
    written = [row for row in rows(section(PLUGIN_README, measurement)) if row[0] not in {"tag", "field"}]
    tags = [[f"`{tag}`", meaning] for tag, meaning in fields.TAGS[measurement].items()]
    also = (lambda f: [parts_of(f.name)]) if measurement == fields.ELECTRICITY else (lambda _: [])
    vocabulary = [
        [f"`{f.name}`", f.unit or "-", f.kind, str(f.decimals), *also(f), f.meaning]
        for f in fields.VOCABULARY[measurement].values()
        if not f.part_of
    ]
    assert written == tags + vocabulary


def test_every_field_of_a_rollup_is_documented_as_it_is() -> None:
    """Those of a bucket that a meter does not say; of the others the rule is told, and how many there are by it."""
    assert rows(section(INFLUXDB_README, "What stands in them"))[1:] == [
        ["`F` of a gauge", "of F", "gauge", "all", "The mean of F."],
        ["`F_min`, `F_max` of a gauge", "of F", "gauge", "all", "The lowest and the highest F."],
        ["`C` of a counter", "of C", "counter", "all", "The last C."],
        *([f"`{f.name}`", f.unit or "-", f.kind, _buckets(buckets), f.meaning] for f, buckets in OWN_FIELDS.items()),
    ]
    for bucket, vocabulary in ROLLUP_FIELDS.items():
        own = {f.name for f, buckets in OWN_FIELDS.items() if bucket in buckets}
        gauges = {f.name for f in fields.ELECTRICITY_FIELDS.values() if f.kind == "gauge"}
        counters = {f.name for f in fields.ELECTRICITY_FIELDS.values() if f.kind == "counter"}
        ends = {f"{name}{end}" for name in gauges for end in ("", "_min", "_max")}
        assert set(vocabulary) == own | counters | ends


def test_every_tag_and_field_of_a_cost_is_documented_as_it_is() -> None:
    """Measurement by measurement, with the tags that not all have; tags; fields."""
    text = section(COST_README, "What is stored")
    written = [row for row in rows(text) if row[0].startswith("`")]
    measurements = list(costs.COST_TAGS)
    shared = set.intersection(*(set(tags) for tags in costs.COST_TAGS.values()))
    own = [", ".join(f"`{tag}`" for tag in tags if tag not in shared) or "-" for tags in costs.COST_TAGS.values()]
    assert [[row[0], row[2]] for row in written[: len(own)]] == [
        [f"`{name}`", tags] for name, tags in zip(measurements, own, strict=True)
    ]
    tags = {tag: meaning for each in costs.COST_TAGS.values() for tag, meaning in each.items()}
    assert written[len(own) : len(own) + len(tags)] == [[f"`{tag}`", meaning] for tag, meaning in tags.items()]
    homes: dict[fields.Field, list[str]] = {}
    for name, vocabulary in costs.COST_FIELDS.items():
        for field in vocabulary.values():
            homes.setdefault(field, []).append(f"`{name}`")
    assert written[len(own) + len(tags) :] == [
        [f"`{f.name}`", f.unit or "-", "all" if len(home) == len(measurements) else ", ".join(home), f.meaning]
        for f, home in homes.items()
    ]


def _buckets(buckets: tuple[str, ...]) -> str:
    return "all" if buckets == tuple(ROLLUP_FIELDS) else ", ".join(f"`{bucket}`" for bucket in buckets)


def parts_of(name: str) -> str:
    """The parts of a field as the documentation writes them, by line and by tariff; a dash where it has none."""
    marks = [re.findall(r"_[lt]\d(?=_|$)", f.name) for f in fields.ELECTRICITY_FIELDS.values() if f.part_of == name]
    kinds = [[mark for (mark,) in marks if mark.startswith(kind)] for kind in ("_l", "_t")]
    return ", ".join(f"`{kind[0]}`..`{kind[-1]}`" for kind in kinds if kind) or "-"


def test_every_part_of_a_field_can_be_told_from_its_row() -> None:
    """The unit is behind the part; what has none ends with it."""
    told = set()
    for name, unit, *_, also, _ in rows(section(PLUGIN_README, "electricity"))[6:]:
        suffix = {"-": "", "%": "_percent", "°": "_degrees"}.get(unit, f"_{unit.lower()}")
        stem = name.strip("`").removesuffix(suffix)
        told |= {f"{stem}{suffix}"}
        for kind, first, last in re.findall(r"`(_[lt])(\d)`\.\.`_[lt](\d)`", also):
            told |= {f"{stem}{kind}{number}{suffix}" for number in range(int(first), int(last) + 1)}
    assert told == set(fields.ELECTRICITY_FIELDS)


def test_every_model_is_documented() -> None:
    written = rows(section(PLUGIN_README, "The models"))[1:]
    assert written == [
        [f"`{model.name}`", model.title, str(model.phases), str(model.settings), "yes" if model.verified else "no"]
        for model in load_models().values()
    ]


def test_the_number_of_models_is_told_as_it_is() -> None:
    assert re.findall(r"lists the (\d+) models", README) == [str(len(load_models()))]


def test_every_key_of_a_meter_is_documented() -> None:
    written = [row[0].strip("`") for row in rows(section(PLUGIN_README, "Configuration"))]
    assert written[written.index("ADDRESS") + 1 :] == list(KEYS)
    behind_a_stick = [row[0].strip("`") for row in rows(section(PLUGIN_README, "A Rainforest stick"))]
    assert behind_a_stick[behind_a_stick.index("MODEL") + 1 :] == list(STICK_KEYS)


def test_every_column_of_a_meter_file_is_documented() -> None:
    table = rows(section(PLUGIN_README, "A model that is not there"))
    written = [set(re.findall(r"`(\w+)`", row[0])) for row in table]
    at = written.index({"address"})
    settings = {"baud", "parity", "stop"}
    assert set().union(*written[: at - 1], settings) == set(meterfile.COLUMNS)
    assert set().union(*written[at:]) == set(meterfile_rows.COLUMNS)
    assert {encoding.name.lower().removesuffix("_low_first") for encoding in Encoding} <= set(
        re.findall(r"`(\w+)`", table[at + 1][2])
    )


def test_every_command_is_documented() -> None:
    written = {cell for text in (PLUGIN_README, README) for cell in re.findall(r"`wattline ([a-z]+)", text)}
    assert written == set(cli.COMMANDS)


def test_every_command_about_costs_is_documented() -> None:
    assert set(re.findall(r"`wattline-cost ([a-z]+)", COST_README)) == set(COST.commands)


def test_every_key_of_a_tariff_file_is_documented() -> None:
    """Table by table, in the order of the reader's own list."""
    for title, keys in {
        "Above the first line in brackets": table.AT_THE_TOP,
        "Rounding": file.ROUNDING_KEYS,
        "Versions": version.KEYS,
        "Components": components.KEYS,
        "Steps": components.STEP_KEYS,
        "Bands": rules.RULE_KEYS,
        "Holidays": rules.HOLIDAY_KEYS,
        "Prices of an exchange": tuple(dict.fromkeys(key for of_kind in sources.KEYS.values() for key in of_kind)),
    }.items():
        written = [row[0].strip("`") for row in rows(section(COST_README, title)) if row[0].startswith("`")]
        assert written == list(keys), title


def test_the_tariff_file_of_the_text_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", section(COST_README, "A tariff file"), re.DOTALL)
    assert file.parse_contract(tmp_path / "house.toml", block).currency == "EUR"


def test_every_option_is_documented() -> None:
    existing = {string for name in cli.COMMANDS for action in options(name) for string in action.option_strings}
    of_backup = {string for name in BACKUP.commands for string in strings(BACKUP.parser_of(name))}
    assert of_backup - set(re.findall(r"(--[a-z-]+)", BACKUP_README)) == set()
    of_cost = {string for name in COST.commands for string in strings(COST.parser_of(name))}
    assert of_cost - set(re.findall(r"(--[a-z-]+)", COST_README)) == set()
    written = {option for text in TEXTS.values() for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)}
    assert existing - set(re.findall(r"`(--[a-z-]+)`", PLUGIN_README)) == set()
    assert written - existing - of_backup - of_cost - FOREIGN_OPTIONS == set()


def test_every_default_is_documented() -> None:
    written = {row[0]: row[1] for row in rows(section(PLUGIN_README, "Configuration"))}
    for action in options("run"):
        # A switch is off, and what may be given several times is not given.
        default = f"`{action.default}`" if action.default else ""
        assert written[f"`{action.option_strings[0]}`"] == default


def test_every_environment_variable_is_documented() -> None:
    """Those that the program, the scripts and make read; Telegraf's own have a test beside its configuration."""
    read = set()
    for path in [*PACKAGE.rglob("*.py"), CHECKOUT / ".ci" / "run", CHECKOUT / "tests" / "servers" / "build"]:
        text = path.read_text()
        read |= set(re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", text)) | set(
            re.findall(r"\b(WATTLINE_\w+)", text)
        )
    # What a terminal can do is its own business.
    assert {name for name in read - {"TERM"} if f"`{name}`" not in PLUGIN_README + CONTRIBUTING} == set()


def sentences() -> Iterator[str]:
    """The literal parts of each error that whoever meters can meet, with a NUL for what is filled in."""
    for path in PACKAGE.rglob("*.py"):
        # What the last says, the backup meets, and what prices.
        if {"simulate", "demo", "influxdb"} & set(path.relative_to(PACKAGE).with_suffix("").parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and is_error(node.func):
                yield from filter(None, [literal(node.args[0])])


def is_error(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "LOG":
        return function.attr in {"error", "warning"}
    return isinstance(function, ast.Name) and function.id.endswith("Error") and function.id != "ValueError"


def literal(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%[.0-9]*[a-zX]", "\0", node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
    return ""


def explained() -> list[list[str]]:
    """The pieces of a sentence that each row of the table of errors quotes."""
    table = rows(section(PLUGIN_README, "Troubleshooting"))[1:]
    return [piece.split(" ... ") for row in table for piece in re.findall(r"`([^`]+)`", row[0])]


def fits(pieces: list[str], sentence: str) -> bool:
    return all(piece in sentence for piece in pieces)


def test_every_error_is_explained() -> None:
    # A sentence that is all filled in is another error's.
    unexplained = [s for s in sentences() if s.strip("\0:;.() ") and not any(fits(pieces, s) for pieces in explained())]
    assert unexplained == [], "\n".join(unexplained)


def test_every_explained_error_exists() -> None:
    source = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    source = re.sub(r"\"\s*\n\s*f?\"", "", source)
    assert [pieces for pieces in explained() if not fits(pieces, source)] == []


def test_the_windows_are_as_large_as_the_texts_say() -> None:
    def least(*models: str) -> tuple[int, int]:
        state = State.of(parse_meters([f"m{n}={model}@{n}" for n, model in enumerate(models, 1)]), "/dev/ttyUSB0")
        if len(models) > 1:
            return several.least_window(state)
        return single.LEAST_COLUMNS, single.least_lines(state.meters[0])

    demo, three_phases = least("orno-we515"), least("orno-we517")
    assert re.findall(r"terminal of (\d+) x (\d+)", README) == [tuple(map(str, demo))]
    (told,) = re.findall(
        r"The demo needs (.*?) x (.*?), .*? (\d+) x (\d+), .*? (\d+) lines .*? (\d+) columns", PLUGIN_README
    )
    (two_columns, lines), (three_columns, _) = (least(*n * ["orno-we515"]) for n in (2, 3))
    assert tuple(map(int, told)) == (*demo, *three_phases, lines, three_columns - two_columns)


def test_every_example_of_a_meter_is_one() -> None:
    """In the texts, and in what the program itself says."""
    words = {
        word for text in TEXTS.values() for word in re.findall(r"\b[a-z]\w*=(?:orno-we|eastron-sdm)\d+@[\w,=]+", text)
    }
    assert len(words) >= 2
    for word in words:
        parse_meters([word])
    commands = [execd["command"] for block in toml_blocks() for execd in block]
    assert len(commands) == 3
    for _, run, port, *meters in commands:
        assert run == "run"
        system_of(cli.parser_of("run").parse([port, *meters]))


def toml_blocks() -> Iterator[list[dict[str, list[str]]]]:
    for text in (README, PLUGIN_README):
        for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
            if "[[inputs" in block:
                yield tomllib.loads(block)["inputs"]["execd"]


def test_the_examples_of_the_output_are_sound(parsed) -> None:
    lines = section(PLUGIN_README, "Example output").strip().strip("`").strip().splitlines()
    measurements = [parsed(line)["measurement"] for line in lines]
    assert set(measurements) == set(fields.VOCABULARY)


def test_every_make_target_in_the_texts_exists() -> None:
    (phony,) = re.findall(r"^\.PHONY: (help .*)$", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    named = {target for text in TEXTS.values() for target in re.findall(r"(?<!\w)make ([a-z]+)\b(?=[ `\n])", text)}
    assert {"demo", "test", "servers", "install"} <= named & set(phony.split())
    assert set(re.findall(r"^(?:sudo )?make (\w+)", README, re.MULTILINE)) <= set(phony.split())


@pytest.mark.timeout(240)
def test_a_real_meter_is_metered_by_the_commands_of_the_readme(simulator, tmp_path: Path) -> None:
    """The two commands, with another folder, a simulated port and no sudo; the README's own words otherwise."""
    (block,) = re.findall(r"```sh\n(.*?)```", section(README, "Meter a real meter"), re.DOTALL)
    commands = block.replace("sudo ", "").replace("/opt/wattline", str(tmp_path / "opt"))
    commands = commands.replace("/dev/ttyUSB0", simulator(load="fixed").port)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    result = subprocess.run(
        ["sh", "-ec", commands],
        cwd=CHECKOUT,
        env={**environment, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search(r"^  power_w +1000 W$", result.stdout, re.MULTILINE)


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_link_leads_somewhere(text: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", TEXTS[text]):
        if "://" not in link:
            name, _, heading = link.partition("#")
            target = (text.parent / name).resolve() if name else text
            target = target / "README.md" if target.is_dir() else target
            assert target.exists(), link
            if not heading:
                continue
            headings = [
                re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
                for line in re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            ]
            assert heading in headings, link


def placeholders(text: str) -> list[str]:
    """The headings below which one word in capitals stands for all that is to come."""
    return re.findall(r"^#+ (.*)\n+[A-Z]+[.:]?\n*(?=^#|\Z)", text, re.MULTILINE)


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_section_is_a_placeholder(text: Path) -> None:
    assert placeholders(TEXTS[text]) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# A\n\nTODO\n\n# B\n\nWords.\n", ["A"]),
        ("# A\n\nWords.\n\n## B\n\nPERFORMANCE\n", ["B"]),
        ("# A\n\nTBD.\n", ["A"]),
        ("# MIT\n\nAs in LICENSE.\n\n# B\n\nMQTT\nand more.\n", []),
    ],
)
def test_a_placeholder_is_recognised(text: str, found: list[str]) -> None:
    assert placeholders(text) == found
