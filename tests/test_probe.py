"""``wattline probe``: what one meter answers and how fast. On a virtual clock, so that no real time passes; one real run.

| fault                                                  | test                                                      |
|--------------------------------------------------------|-----------------------------------------------------------|
| a model cannot be probed, or is called wrong           | test_every_model_is_probed_and_found_as_its_table_says    |
| a gap that must not be read is called readable         | test_each_way_with_gaps_is_found                          |
| what is answered by chance is called answered          | test_each_way_with_gaps_is_found                          |
| the longest read is wrong, or stops at the table's     | test_the_longest_read_is_found                            |
| a meter that takes shorter reads than its table's gives nothing, and its limit is not told | test_what_is_too_long_is_read_in_pieces |
| a pause that fails is called enough                    | test_the_shortest_pause_is_found                          |
| one lost reply is taken for a need of silence          | test_one_lost_reply_is_not_a_need_of_silence              |
| ... or a search that had no time                       | test_a_search_that_ended_too_soon_is_no_need_of_silence   |
| a gateway's settings are told as the meter's           | test_behind_a_gateway_the_settings_are_its_own            |
| a bad line is taken for a need of silence              | test_a_line_that_loses_replies_is_no_need_of_silence      |
| percentiles or histogram are wrong                     | test_the_latency_is_that_of_the_meter, test_a_histogram...|
| the refresh is that of the reads, or of the luck       | test_the_refresh_is_that_of_the_meter                     |
| a function that is not answered is called answered     | test_both_functions_are_told_apart                        |
| another model is not noticed                           | test_another_identity_is_told                             |
| a late reply is the next question's answer             | test_late_replies_are_counted_and_never_believed          |
| a silent meter is asked for a minute                   | test_a_silent_meter_is_left_alone                         |
| a meter of another model ends it                       | test_a_meter_that_refuses_all_is_reported                 |
| it takes longer than it may                            | test_it_ends_in_time_and_says_what_it_left_out            |
| ... or says of what there was no time for that it is so | test_what_there_was_no_time_for_is_not_said_to_have_been_measured |
| a row that nobody has proven is called proven         | test_rows_that_are_read_alone_are_not_called_proven      |
| it writes                                              | test_it_never_writes                                      |
| the report is no Markdown, or leaves something out     | test_the_report_is_a_whole_one                            |
| the command loses the report, or mixes it              | test_a_real_run_prints_and_keeps_the_report               |
| Ctrl-C loses what was found                            | test_ctrl_c_prints_what_was_found                         |
| wrong words, a used port: a traceback                  | test_wrong_words..., test_a_port_in_use...                |
"""

import re
import signal
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import minimalmodbus
import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtual import CHARACTER_S, VirtualPort, World
from wattline.bus.modbus import Modbus
from wattline.cli import main
from wattline.meters import load_models
from wattline.probe.findings import Findings
from wattline.probe.measure import Probe
from wattline.probe.noteworthy import sentences
from wattline.probe.questions import Questions
from wattline.probe.report import report
from wattline.probe.timing import BINS, PAUSES_MS, histogram, percentile
from wattline.simulate import frames
from wattline.simulate.frames import Request
from wattline.simulate.image import Answer, SimulatedMeter
from wattline.words import parse_meters

MODELS = load_models()
EVENING_S = 18.5 * 3600
TURNAROUND_S = 0.02


class Line(World):
    """A line with one simulated meter on a virtual clock.

    ``turnaround_s`` gives the seconds of each reply, None for one that is lost; within ``deaf_s`` of its last reply the
    meter hears nothing; ``change`` changes what it answers.
    """

    def __init__(self, word: str, gaps: str = "zero") -> None:
        super().__init__(lambda _ask: self._replies())
        (self.words,) = parse_meters([word])
        self.simulated = SimulatedMeter(self.words, "house", 1, 0, EVENING_S, gaps=gaps)
        self.turnaround_s: Callable[[int], float | None] = lambda _number: TURNAROUND_S
        self.change: Callable[[Request, Answer], Answer] = lambda _request, answer: answer
        self.deaf_s = 0.0
        self.requests: list[bytes] = []
        self._done_s = -1.0

    def write(self, data: bytes) -> int:
        self.requests.append(bytes(data))
        self._began_s = self.now
        return super().write(data)

    def _replies(self) -> list[tuple[float, bytes]]:
        data = self.requests[-1]
        if self._began_s - self._done_s < self.deaf_s:
            return []
        request = frames.parse(data)
        answer = self.change(request, self.simulated.answer(request, EVENING_S + self.now))
        turnaround_s = self.turnaround_s(len(self.requests))
        if answer.is_silent or turnaround_s is None:
            return []
        if answer.refusal:
            reply = frames.refusal(request.address, request.function, answer.refusal)
        else:
            reply = frames.reply(request.address, request.function, answer.registers)
        self._done_s = self.now + (len(data) + len(reply)) * CHARACTER_S + turnaround_s
        return [(turnaround_s, reply)]


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Findings]:
    """Probes a line; what was found."""

    def run(line: Line, seconds: float = 60, *, is_heard: bool = True) -> Findings:
        shares: list[float] = []
        monkeypatch.setattr(minimalmodbus, "time", SimpleNamespace(monotonic=line.monotonic, sleep=line.wait))
        monkeypatch.setattr(minimalmodbus, "_latest_read_times", {})
        port = VirtualPort("virtual", line, line.opener, line.monotonic)
        findings = Findings(line.words, "virtual")
        questions = Questions(line.words, Modbus(port), line.monotonic)
        probe = Probe(questions, findings, seconds, lambda _what, share: shares.append(share))
        assert probe.run() == is_heard
        assert shares == sorted(shares)
        assert all(0 <= share <= 1 for share in shares)
        return findings

    return run


def house(gaps: str = "zero", keys: str = "") -> Line:
    return Line(f"house=orno-we515@1{keys}", gaps)


def outcomes(findings: Findings) -> dict[str, str]:
    return {str(tried.span): str(tried) for tried in findings.wider}


# The whole library.


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_probed_and_found_as_its_table_says(probe, name):
    model = MODELS[name]
    findings = probe(Line(f"house={name}@1,baud=9600,parity=E"), 400)
    said = report(findings, "today")

    assert all(tried.is_sound for tried in findings.parts)
    assert len(findings.decoded) == len(findings.parts) == len(findings.replies)
    assert findings.pause.ms == 0
    assert findings.longest.answered <= model.longest
    assert [check for check in findings.checks if not check.holds] == []
    assert findings.cut_short == []
    for row in model.rows:
        assert f"| `{row.field}` |" in said


# Which reads are answered.


@pytest.mark.parametrize(
    ("gaps", "whole", "narrow"),
    [
        ("zero", "agrees (3 of 3)", None),
        (
            "refuse",
            "refused with code 2, illegal data address (2 of 2)",
            "refused with code 2, illegal data address (2 of 2)",
        ),
        ("silence", "silent (2 of 2)", "silent (2 of 2)"),
        ("shift", "differs from the proven reads (2 of 2)", "differs from the proven reads (2 of 2)"),
    ],
)
def test_each_way_with_gaps_is_found(probe, gaps, whole, narrow):
    """And where the widest read fails, narrower ones are tried, down to those over no gap."""
    found = outcomes(probe(house(gaps)))

    assert found["Registers 0x0130 to 0x0158"] == whole
    assert found.get("Registers 0x0130 to 0x013A") == narrow
    assert found.get("Registers 0x0140 to 0x0158") == (narrow and "agrees (3 of 3)")


def test_the_sentences_name_the_gap_and_not_all_that_holds_it(probe):
    said = sentences(probe(house("shift")))

    assert "Answers registers 0x0140 to 0x0158 in one read." in said
    assert [sentence for sentence in said if "0x0130 to 0x0158" in sentence] == []
    assert sum("must not be read" in sentence for sentence in said) == 2


def test_a_proven_read_that_is_refused_is_told_and_the_rest_is_measured(probe):
    line = house()
    line.change = lambda request, answer: Answer(refusal=2) if request.first == 0x148 else answer
    findings = probe(line)

    assert (
        "The proven read of registers 0x0148 to 0x0149 failed: refused with code 2, illegal data address (3 of 3)."
        in sentences(findings)
    )
    assert 0x148 not in findings.decoded
    assert findings.refresh.reads > 10


def test_what_is_too_long_is_read_in_pieces(probe):
    """An ABB that answers 30 registers at once; its table has reads of 40 and of 62."""
    line = Line("house=abb-b23@1")
    line.change = lambda request, answer: answer if request.count <= 30 else Answer(refusal=3)
    findings = probe(line)

    assert {row.field for row in line.words.model.rows} == {
        field for said in findings.decoded.values() for field in said.values
    }
    assert (findings.longest.answered, findings.longest.failed) == (30, 31)
    said = sentences(findings)
    assert "Answers 30 registers at once, and not 31 (refused with code 3, illegal data value)." in said
    assert any("is answered in pieces, the longest of" in sentence for sentence in said)
    assert "piece of a proven one" in report(findings, "today")
    assert findings.cut_short == []


@pytest.mark.parametrize(
    ("limit", "answered", "failed"), [(2, 2, 3), (11, 11, 12), (20, 20, 21), (40, 35, 0), (43, 43, 44), (44, 44, 0)]
)
def test_the_longest_read_is_found(probe, limit, answered, failed):
    """Of 40 registers the widest read over gaps has but 35, and nobody knows of a longer run without one."""
    line = house()
    line.change = lambda request, answer: answer if request.count <= limit else Answer(refusal=3)
    longest = probe(line).longest

    assert (longest.answered, longest.failed) == (answered, failed)


def test_a_read_longer_than_the_table_allows_is_told(probe):
    line = house()
    line.words = replace(line.words, model=replace(line.words.model, longest=41))
    said = sentences(probe(line))

    assert "Answers 44 registers at once; no longer run of registers is known of it." in said
    assert "That is more than the 41 of its table." in said


def test_both_functions_are_told_apart(probe):
    line = house()
    line.change = lambda request, _: line.simulated.answer(replace(request, function=3), EVENING_S + line.now)
    both, one = probe(line), probe(house())

    assert both.is_same
    assert "Answers functions 03 and 04, and says the same." in sentences(both)
    assert one.is_same is None
    assert "Answers function 03 alone." in sentences(one)


# When.


@pytest.mark.parametrize("needed_ms", [0, 4, 12, 35, 90, 170])
def test_the_shortest_pause_is_found(probe, needed_ms):
    """A virtual meter hears nothing for so long after its reply; 3.5 characters, 4 ms, are kept in any case."""
    line = house()
    line.deaf_s = needed_ms / 1000
    pause = probe(line).pause

    assert pause.ms == next(ms for ms in PAUSES_MS if max(ms, 4.01) >= needed_ms)
    assert all(requests >= 20 for requests, failures in pause.tried.values() if failures == 0)


def test_what_follows_the_pause_keeps_it(probe):
    line = house()
    line.deaf_s = 0.09
    findings = probe(line, 120)

    assert len(findings.latency.ms) == findings.latency.requests == 100
    assert outcomes(findings)["Registers 0x0130 to 0x0158"] == "agrees (3 of 3)"
    assert f"Needs {findings.pause.ms} ms of silence between requests." in sentences(findings)


def test_one_lost_reply_is_not_a_need_of_silence(probe):
    line = house()
    line.turnaround_s = lambda number: None if number == 12 else TURNAROUND_S
    pause = probe(line).pause

    assert pause.ms == 0
    assert pause.tried == {0: (40, 1)}


def test_a_search_that_ended_too_soon_is_no_need_of_silence(probe):
    findings = probe(house(), 3)

    assert findings.pause.ms is None
    assert "the shortest pause" in findings.cut_short
    assert "silence" not in " ".join(sentences(findings))


def test_a_line_that_loses_replies_is_no_need_of_silence(probe):
    line = house()
    line.turnaround_s = lambda number: None if number % 4 == 0 else TURNAROUND_S
    findings = probe(line, 120)
    said = " ".join(sentences(findings))

    assert findings.pause.ms is None
    assert "Requests fail even after 200 ms of silence" in said
    assert "equal requests were not answered: the line loses replies" in said


def test_the_latency_is_that_of_the_meter(probe):
    line = house()
    line.turnaround_s = lambda number: 0.1 if number % 20 == 0 else 0.03
    latency = probe(line).latency

    assert latency.requests == len(latency.ms) == 100
    # The port hears of eight bytes at once, as an adapter hands them on.
    assert percentile(latency.ms, 0.5) == pytest.approx(30, abs=9)
    assert percentile(latency.ms, 0.99) == pytest.approx(100, abs=9)


def test_late_replies_are_counted_and_never_believed(probe):
    line = house()
    line.turnaround_s = lambda number: 0.4 if number > 160 and number % 7 == 0 else TURNAROUND_S
    findings = probe(line, 120)

    assert findings.late_replies > 3
    assert [check for check in findings.checks if not check.holds] == []
    assert "differs" not in " ".join(outcomes(findings).values())


@pytest.mark.parametrize("refresh_s", [0.3, 1.0, 2.5])
def test_the_refresh_is_that_of_the_meter(probe, refresh_s):
    line = house()

    def change(request: Request, answer: Answer) -> Answer:
        # Half of the measurements are the same again.
        step = int(line.now / refresh_s)
        value = step - step % 2 if step % 8 < 4 else step
        return replace(answer, registers=(0, value)) if request.first == 0x140 and request.count == 2 else answer

    line.change = change
    refresh = probe(line, 90).refresh

    assert refresh.part.address == 0x140
    assert refresh.interval_s == pytest.approx(refresh_s, abs=0.06)


def test_a_value_that_never_moves_has_no_refresh(probe):
    line = house()
    line.simulated.freeze(EVENING_S)
    findings = probe(line)

    assert (findings.refresh.changes, findings.refresh.interval_s) == (0, None)
    assert "too rarely to tell" in " ".join(sentences(findings))


@given(st.lists(st.floats(0, 2000), min_size=1, max_size=200))
def test_a_histogram_counts_each_value_once(values):
    ascending = sorted(values)
    bins = histogram(ascending)

    assert sum(times for _, times in bins) == len(values)
    assert 1 <= len(bins) <= BINS
    assert bins[0][0] <= ascending[0]
    assert bins[0][1] > 0 < bins[-1][1]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=300), st.floats(0.01, 1))
def test_a_percentile_is_a_value_that_enough_do_not_exceed(values, share):
    found = percentile(sorted(values), share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


# What goes wrong.


def test_another_identity_is_told(probe):
    line = house()
    line.change = lambda request, answer: replace(answer, registers=(0xA3,)) if request.first == 0x0B else answer

    assert sentences(probe(line))[0] == (
        "The identity register 0x000B says 0x00A3 where a ORNO OR-WE-515 says 0x00A2: check the model."
    )


def test_a_silent_meter_is_left_alone(probe):
    line = house()
    line.turnaround_s = lambda _number: None
    findings = probe(line, is_heard=False)

    assert findings.parts == []
    assert findings.seconds < 10


def test_a_meter_that_refuses_all_is_reported(probe):
    line = house()
    line.change = lambda _request, _answer: Answer(refusal=2)
    findings = probe(line)

    assert len(findings.parts) == 8
    assert all("refused with code 2" in str(tried) for tried in findings.parts)
    assert "Not measured." in report(findings, "today")


@pytest.mark.parametrize("seconds", [1, 5, 20])
def test_it_ends_in_time_and_says_what_it_left_out(probe, seconds):
    line = house("silence")
    line.turnaround_s = lambda _number: 0.15
    findings = probe(line, seconds)

    # The last request of each measure may be under way.
    assert findings.seconds < seconds + 3
    assert findings.cut_short
    assert f"give `--seconds` more than these {findings.seconds:.0f}" in sentences(findings)[-1]


def test_what_there_was_no_time_for_is_not_said_to_have_been_measured(probe):
    """A slow meter of which one proven read is known, and 56 rows are read alone."""
    line = Line("pro=inepro-pro380@1,parity=N", "refuse")
    line.turnaround_s = lambda _number: 0.36
    findings = probe(line, 40)
    said, whole = " ".join(sentences(findings)), report(findings, "today")

    assert 0 < len(findings.parts) < 57
    assert (
        f"Of the 57 reads that carry all at the start there was time for {len(findings.parts)}; they are answered."
        in said
    )
    assert "Answers 6 registers at once; there was no time to try more." in said
    assert "| 0x500C to 0x5011 | 6 | proven |" in whole
    assert "| 2 | alone | answered" in whole
    assert "no longer" not in whole


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("pro=inepro-pro380@1,parity=N", "All proven reads are answered, and the 56 rows that none of them holds."),
        (
            "pro=inepro-pro1@1,parity=N",
            "The 25 rows of its table are answered, each read alone: none lies in a proven read.",
        ),
        ("house=orno-we515@1", "All proven reads are answered."),
    ],
)
def test_rows_that_are_read_alone_are_not_called_proven(probe, word, sentence):
    assert sentence in sentences(probe(Line(word)))


def test_it_never_writes(probe):
    line = house("refuse")
    probe(line)

    assert {request[1] for request in line.requests} == {3, 4}


# The report.


@pytest.mark.parametrize("port", ["socket://host:4196", "modbus-tcp://host:502"])
def test_behind_a_gateway_the_settings_are_its_own(port):
    said = report(Findings(parse_meters(["house=orno-we515@1"])[0], port), "today")
    assert "| serial settings | those of the gateway |" in said
    assert "9600" not in said


def test_the_report_is_a_whole_one(probe):
    said = report(probe(house(keys=",baud=9600,parity=E")), "2026-11-26 18:30:00 +0100")
    lines = said.splitlines()

    assert re.findall("^#.*", said, re.MULTILINE) == [
        "# Probe of ORNO OR-WE-515",
        *(f"## {title}" for title in ("Noteworthy", "Reads", "Timing", "Values", "Checks")),
    ]
    for number, line in enumerate(lines):
        if line.startswith("|"):
            head = next(
                other for other in reversed(lines[: number + 1]) if not lines[lines.index(other) - 1].startswith("|")
            )
            assert len(re.findall(r"(?<!\\)\|", line)) == len(re.findall(r"(?<!\\)\|", head)), line
    for text in ("9600 8E1, which hold", "0x000B = 0x00A2, as expected", "p50", "p90", "p99", "longest", "| 0x0131 |"):
        assert text in said
    assert said.endswith("\n")
    assert re.search(r"\| 0xA000 \| [0-9A-F]{4} [0-9A-F]{4} \| `energy_total_kwh` \| \d+\.\d\d kWh \|", said)


# The command.


def test_a_real_run_prints_and_keeps_the_report(simulator, program, tmp_path):
    port = simulator(gaps="zero", load="fixed").port
    kept = tmp_path / "report.md"
    process = program("probe", port, "house=orno-we515@1", "--seconds", "14", "--output", str(kept))
    said = "\n".join(process.stdout.to_the_end(within_s=19)) + "\n"

    assert process.wait(2) == 0
    assert said == kept.read_text()
    assert "- Answers registers 0x0130 to 0x0158 in one read." in said
    assert "1000 W" in said
    assert process.stderr.texts[0] == "measuring whether it answers"
    assert process.stderr.texts[-1] == "measuring how often values change"


def test_ctrl_c_prints_what_was_found(simulator, program):
    process = program("probe", simulator().port, "house=orno-we515@1")
    process.stderr.wait_for("measuring the proven reads", within_s=15)
    process.process.send_signal(signal.SIGINT)

    assert process.wait(5) == 1
    said = "\n".join(process.stdout.to_the_end())
    assert "p50" in said
    assert "## Values\n\nNot measured." in said
    assert "Traceback" not in "\n".join(process.stderr.texts)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["house=orno-we515@1", "roof=orno-we515@2"],
            "measures one meter at a time, and house, roof were given; leave one.",
        ),
        (["house=orno-we515@1", "--seconds", "0"], "'0' must be a whole number of seconds, at least 1"),
        (["house=orno-we515@1", "--output", "/nowhere/at/all"], "There is no folder '/nowhere/at' for the report"),
    ],
)
def test_wrong_words_are_refused_in_a_sentence(capsys, words, sentence):
    assert main(["probe", "/dev/null", *words]) == 2
    complaint = capsys.readouterr().err

    assert sentence in complaint
    assert complaint.count("\n") == 1


def test_a_silent_meter_is_one_sentence(simulator, capsys):
    port = simulator("house=orno-we515@1").port

    assert main(["probe", port, "other=orno-we515@2", "--seconds", "10"]) == 1
    assert re.fullmatch(
        rf"wattline: other did not answer on {port}: check that A and B are not swapped, .*\.\n",
        capsys.readouterr().err.split("change\n")[-1].removeprefix("measuring whether it answers\n"),
    )


def test_a_report_that_cannot_be_kept_is_shown_all_the_same(simulator, program, tmp_path):
    process = program(
        "probe", simulator(load="fixed").port, "house=orno-we515@1", "--seconds", "3", "--output", str(tmp_path)
    )
    said = "\n".join(process.stdout.to_the_end(within_s=10))

    assert process.wait(2) == 1
    assert said.startswith("# Probe of ORNO OR-WE-515")
    assert (
        process.stderr.texts[-1]
        == f"wattline: The report cannot be written into {tmp_path} (Is a directory); it stands above."
    )


@pytest.mark.parametrize("command", ["probe", "read", "scan", "watch"])
def test_a_port_in_use_is_told_with_its_holder_and_how_to_stop_it(simulator, program, command):
    port = simulator().port
    holder = program("run", port, "house=orno-we515@1", "--clock-wait", "0s")
    holder.stdout.wait_for("electricity")
    meters = [] if command == "scan" else ["house=orno-we515@1"]
    second = program(command, port, *meters)

    assert second.wait(10) == 1
    (sentence,) = second.stderr.to_the_end()
    assert re.fullmatch(
        rf"wattline: {port} is in use by process {holder.process.pid} \(.*\); "
        r"stop it first, for example with `sudo systemctl stop telegraf`\.",
        sentence,
    )
