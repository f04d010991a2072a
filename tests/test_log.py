"""The log on stderr: lines as Telegraf's execd wants them, and the same complaint once a minute, on a virtual clock.

| fault                                                  | test                                                            |
|--------------------------------------------------------|-----------------------------------------------------------------|
| a line without a level, or with another                | test_each_level_has_its_prefix                                  |
| a long line stops Telegraf's reader                    | test_a_line_is_a_kilobyte_at_most                               |
| ... or is cut within a character                       | test_a_cut_is_between_characters                                |
| one entry becomes several                              | test_a_line_is_one_line, test_any_text_is_one_short_line        |
| a text that cannot be encoded stops the metering       | test_any_text_is_one_short_line                                 |
| the log says the same each second                      | test_the_same_complaint_comes_once_a_minute_with_a_count        |
| ... since only its numbers differ                      | test_numbers_and_sentences_of_errors_do_not_make_it_another     |
| a complaint is taken for another one                   | test_complaints_about_other_things_are_told_apart               |
| ... so that the last word is never told                | test_the_last_word_is_told_when_the_minute_is_over              |
| ... or is told when something else is so                | test_of_a_state_only_the_last_word_is_told_late                 |
| ... or is told late where nobody calls between         | test_the_minute_is_over_for_what_comes_then                     |
| ... or is never written, though due                    | test_what_was_held_back_is_written_by_and_by                    |
| the counts are wrong                                   | test_lines_and_counts_make_up_all_that_was_complained           |
| what is logged to look for a fault is held back        | test_debug_lines_are_never_held_back                            |
| the memory fills with old complaints                   | test_old_complaints_are_forgotten                               |
| more or less is logged than asked for                  | test_the_level_is_kept                                          |
| a full pipe stops the loop, or holds half a line       | test_a_full_pipe_is_not_waited_for                              |
| so does one that nobody reads any more                 | test_a_pipe_without_a_reader_is_no_error                        |
| ... or that was closed                                 | test_a_descriptor_that_was_closed_is_no_error                   |
| a bug is reported without the place                    | test_a_bug_names_the_error_and_the_place                        |
| ... or without the error, since the place is too long  | test_a_bug_with_a_long_story_is_cut_at_the_end                  |
"""

import fcntl
import logging
import os
import re
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wattline import log
from wattline.errors import ChecksumError, NoReplyError
from wattline.log import LOG, REPEAT_S, Repeats, bug, one_line, state


@pytest.fixture(autouse=True)
def _restore():
    """The log belongs to the whole process."""
    handlers, level, propagate = LOG.handlers[:], LOG.level, LOG.propagate
    yield
    LOG.handlers[:], LOG.propagate = handlers, propagate
    LOG.setLevel(level)


@pytest.fixture
def pipe():
    """A pipe of four pages, both its ends."""
    ends = list(os.pipe())
    fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, 4 * 4096)
    os.set_blocking(ends[0], False)
    yield ends
    for end in ends:
        if end is not None:
            os.close(end)


def read(pipe):
    try:
        return os.read(pipe[0], 65536).decode()
    except BlockingIOError:
        return ""


# One line.


@pytest.mark.parametrize(("level", "prefix"), [("error", "E! "), ("warning", "W! "), ("info", "I! "), ("debug", "D! ")])
def test_each_level_has_its_prefix(pipe, level, prefix):
    log.start("debug", pipe[1])
    getattr(LOG, level)("%s is %d.", "it", 3)
    assert read(pipe) == f"{prefix}it is 3.\n"


@pytest.mark.parametrize(("length", "cut"), [(1020, False), (1021, True), (70_000, True)])
def test_a_line_is_a_kilobyte_at_most(length, cut):
    """1024 bytes with prefix and newline; what was cut shows that it was."""
    line = one_line("W! ", length * "x")
    assert len(line) == 1024
    assert line.endswith(b"...\n") == cut
    assert line.startswith(b"W! xxx")


@pytest.mark.parametrize("start", ["", "x", "xx", "xxx"])
@pytest.mark.parametrize("character", ["ä", "€", "𝛑"])
def test_a_cut_is_between_characters(start, character):
    line = one_line("W! ", start + 1000 * character)
    text = line.decode().removeprefix("W! ").removesuffix("...\n")
    assert text == start + (len(text) - len(start)) * character
    assert 1020 <= len(line) <= 1024


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\r\nc", r"a\nb\r\nc"),
        ("\x1b[31mred\x00\t", r"\x1b[31mred\x00\t"),
        ("a\u2028b\x85c", r"a\u2028b\x85c"),
        ("half \udc80", r"half \udc80"),
        ("Zähler, 5 €, C:\\x 'y'", "Zähler, 5 €, C:\\x 'y'"),
    ],
)
def test_a_line_is_one_line(text, expected):
    """What would break it or cannot be seen is written as Python writes it; all else stays as it is."""
    assert one_line("E! ", text).decode() == f"E! {expected}\n"


@given(st.text(st.characters(), max_size=3000))
@example("\udfff" * 2000)
def test_any_text_is_one_short_line(text):
    line = one_line("I! ", text)
    assert len(line) <= 1024
    assert line.decode().splitlines(keepends=True) == [line.decode()]
    assert line.startswith(b"I! ")


# The same complaint.


class Said:
    """What a filter on a virtual clock lets through: (second, level, text)."""

    def __init__(self):
        self.now_s = 1000.0
        self.lines = []
        self.repeats = Repeats(lambda level, text: self.lines.append((self.now_s, level, text)), lambda: self.now_s)

    def log(self, message, *args, level=logging.WARNING, extra=None):
        self.repeats.take(LOG.makeRecord("wattline", level, __file__, 0, message, args, None, extra=extra))

    @property
    def texts(self):
        return [text for _, _, text in self.lines]


@pytest.fixture
def said():
    return Said()


def test_the_same_complaint_comes_once_a_minute_with_a_count(said):
    """A meter that is silent each second for three minutes and a half."""
    for _ in range(210):
        said.log("%s: %s", "house", NoReplyError("No reply."))
        said.now_s += 1
        said.repeats.catch_up()
    assert said.lines == [
        (1000.0, logging.WARNING, "house: No reply."),
        (1060.0, logging.WARNING, "house: No reply. (again, 59 times in the last minute)"),
        (1120.0, logging.WARNING, "house: No reply. (again, 60 times in the last minute)"),
        (1180.0, logging.WARNING, "house: No reply. (again, 60 times in the last minute)"),
    ]


def test_numbers_and_sentences_of_errors_do_not_make_it_another(said):
    """Which register was asked, how late it was: a person wants one line for one meter that is silent."""
    for number in range(5):
        said.log("%s: %s", "house", NoReplyError(f"No reply within {number} ms."))
        said.log("Telegraf does not read; %d lines so far.", number)
        said.log("%s is %g.", "it", number / 3)
        said.log("%s: %s answers %s.", "house", "0x140", f"in {number} ms")
    assert said.texts == [
        "house: No reply within 0 ms.",
        "Telegraf does not read; 0 lines so far.",
        "it is 0.",
        "house: 0x140 answers in 0 ms.",
    ]


def test_complaints_about_other_things_are_told_apart(said):
    """Another meter, another kind of error, another quantity, another sentence."""
    for _ in range(3):
        for meter in ("house", "garage"):
            said.log("%s: %s", meter, NoReplyError("No reply."))
            said.log("%s: %s", meter, ChecksumError("Garbled."))
            for field in ("power_w", "voltage_v"):
                said.log("%s: %s = %g was left out.", meter, field, 7)
        said.log("A sentence of its own.")
    assert len(said.lines) == len(set(said.texts)) == 9


def test_the_last_word_is_told_when_the_minute_is_over(said):
    """A port is lost, comes back, and is lost again at once and for good: the log ends with the loss."""
    said.log("%s", OSError("It was lost (1)."), level=logging.ERROR)
    said.now_s += 50
    said.log("It is back.", level=logging.INFO)
    said.now_s += 5
    said.log("%s", OSError("It was lost (2)."), level=logging.ERROR)
    assert said.texts == ["It was lost (1).", "It is back."]
    for _ in range(100):
        said.now_s += 1
        said.repeats.catch_up()
    assert said.lines[2:] == [(1060.0, logging.ERROR, "It was lost (2). (again, once in the last minute)")]


def test_the_minute_is_over_for_what_comes_then(said):
    """Also where nobody calls between two complaints: none is lost, and a new one after a quiet minute is said at once."""
    said.log("It is so.")
    said.log("It is so.")
    said.now_s += REPEAT_S - 0.1
    said.log("It is so.")
    assert len(said.lines) == 1
    said.now_s += 0.1
    said.log("Something else.")
    assert said.texts[1:] == ["It is so. (again, 2 times in the last minute)", "Something else."]
    said.now_s += REPEAT_S
    said.log("It is so.")
    assert said.texts[3:] == ["It is so."]


COMPLAINTS = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 40)), max_size=60)


@given(COMPLAINTS)
def test_lines_and_counts_make_up_all_that_was_complained(complaints):
    """Each complaint is a line or in a line's count, once; no two lines of one kind are within a minute."""
    said, happened = Said(), Counter()
    for kind, pause_s in complaints:
        said.log("%s happened.", kind)
        happened[kind] += 1
        said.now_s += pause_s
    said.now_s += REPEAT_S
    said.repeats.catch_up()

    told, last_s = Counter(), {}
    for at_s, _, text in said.lines:
        again = r" \(again, (?:(once)|([1-9]\d*) times) in the last minute\)"
        kind, once, times = re.fullmatch(rf"([abc]) happened\.(?:{again})?", text).groups()
        told[kind] += 1 if once else int(times or 1)
        assert at_s - last_s.get(kind, -REPEAT_S) >= REPEAT_S
        last_s[kind] = at_s
    assert told == happened


def test_of_a_state_only_the_last_word_is_told_late(said):
    """Turns go to and fro, and end where they began: what was so for a while is not told when it is so no more."""
    for seconds in (0, 10, 10, 10, 10):
        said.now_s += seconds
        sentence = "Each is read every 2 s." if (said.now_s // 10) % 2 else "Each is read every second."
        said.log(sentence, level=logging.INFO, extra=state("turns"))
    assert said.texts == ["Each is read every second.", "Each is read every 2 s."]
    said.lines.clear()
    for _ in range(100):
        said.now_s += 1
        said.repeats.catch_up()
    assert said.texts == ["Each is read every second. (again, once in the last minute)"]


def test_debug_lines_are_never_held_back(said):
    for _ in range(3):
        said.log("The port: %s", "closed", level=logging.DEBUG)
    assert said.texts == ["The port: closed"] * 3


def test_old_complaints_are_forgotten(said):
    """A process that runs for years meets many things."""
    for number in range(1000):
        said.log("%s is odd.", f"thing {number}")
        said.now_s += 1
    assert len(said.lines) == 1000
    assert len(said.repeats._complaints) <= REPEAT_S


# The descriptor.


@pytest.mark.parametrize(("level", "expected"), [("error", "E"), ("warning", "EW"), ("info", "EWI"), ("debug", "EWID")])
def test_the_level_is_kept(pipe, level, expected):
    log.start(level, pipe[1])
    for name in ("error", "warning", "info", "debug"):
        getattr(LOG, name)("One of level %s.", name)
    assert [line[0] for line in read(pipe).splitlines()] == list(expected)


def test_what_was_held_back_is_written_by_and_by(pipe, monkeypatch):
    log.start("info", pipe[1])
    LOG.info("Once.")
    LOG.info("Once.")
    log.catch_up()
    assert read(pipe) == "I! Once.\n"
    monkeypatch.setattr(log, "REPEAT_S", 0.0)
    log.catch_up()
    assert read(pipe) == "I! Once. (again, once in the last minute)\n"
    log.catch_up()
    assert read(pipe) == ""


def test_a_full_pipe_is_not_waited_for(pipe):
    """What does not fit is given up whole; what comes when there is room again is written."""
    log.start("info", pipe[1])
    for number in range(40):
        LOG.warning("%s %s", number, 900 * "x")
    lines = read(pipe)
    assert re.fullmatch(r"(W! \d+ x{900}\n)+", lines)
    assert 1 <= lines.count("\n") <= 16
    LOG.warning("There is room.")
    assert read(pipe) == "W! There is room.\n"


def test_a_pipe_without_a_reader_is_no_error(pipe):
    log.start("info", pipe[1])
    os.close(pipe[0])
    pipe[0] = None
    LOG.warning("Nobody hears it.")


def test_a_descriptor_that_was_closed_is_no_error(pipe):
    log.start("info", pipe[1])
    os.close(pipe[1])
    pipe[1] = None
    LOG.warning("It goes nowhere.")


# A bug.


def stumble(depth, text):
    if depth:
        stumble(depth - 1, text)
    raise KeyError(text)


def test_a_bug_names_the_error_and_the_place():
    """What went wrong, and the way to it, from the inside out."""
    with pytest.raises(KeyError) as caught:
        stumble(1, "no such\nthing")
    sentence = bug(caught.value)
    assert re.fullmatch(
        r"This is a bug in wattline, please report it: KeyError: 'no such\\nthing' "
        r"\(tests/test_log\.py:\d+ stumble, tests/test_log\.py:\d+ stumble, tests/test_log\.py:\d+ test_a_bug\w+\)",
        sentence,
    )


@pytest.mark.parametrize(("depth", "text"), [(500, "short"), (1, 9000 * "ä"), (500, 9000 * "\n")])
def test_a_bug_with_a_long_story_is_cut_at_the_end(depth, text):
    """Error and innermost place are on the line, however long either is."""
    with pytest.raises(KeyError) as caught:
        stumble(depth, text)
    line = one_line("E! ", bug(caught.value)).decode()
    assert len(line.encode()) <= 1024
    assert "KeyError: " in line
    assert "(tests/test_log.py:" in line
