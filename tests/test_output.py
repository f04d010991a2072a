"""Lines on their way to Telegraf: every line once, whole and in order, or counted as dropped; and nobody is kept waiting.

| fault                                                    | test                                                          |
|----------------------------------------------------------|---------------------------------------------------------------|
| lines are lost, doubled, torn or out of order            | test_every_line_comes_once_whole_and_in_order                 |
| ... because the reader is slow                           | the same, with a reader that sips                             |
| a line waits in a buffer                                 | test_a_line_is_written_at_once                                |
| the loop waits for the reader                            | test_a_reader_that_does_not_read_keeps_nobody_waiting         |
| the memory fills, or the newest are dropped              | test_the_oldest_are_dropped_when_too_many_wait                |
| half a line is left at the end, or the counts are wrong  | test_at_the_end_each_line_is_whole_in_the_pipe_or_dropped     |
| ... when the reader begins to read just then             | test_a_reader_that_comes_at_the_end_gets_what_was_counted     |
| a line that cannot be written in one go is torn          | test_a_line_that_is_too_long_is_dropped_and_told              |
| that nobody reads is seen when the pipe is full          | test_a_reader_that_takes_nothing_is_seen_from_the_first_line  |
| ... or said of one that sips, or that had nothing to do  | test_a_reader_that_takes_something_or_has_nothing_is_none     |
| ... or of whoever writes into a file                     | test_nobody_can_be_missed_where_there_is_no_pipe              |
| the end comes before the last lines are read             | test_the_end_waits_until_the_pipe_is_empty                    |
| ... or too late                                          | test_the_end_waits_half_a_second_at_most                      |
| ... or though nothing was written, or nobody reads       | test_the_end_is_at_once_when_there_is_nothing_to_wait_for     |
| ... or waits for a pipe where there is none              | test_a_file_gets_every_line_and_is_not_waited_for             |
| a broken pipe is an error                                | test_a_broken_pipe_ends_the_writer                            |
| a full disk is not told                                  | test_a_disk_that_is_full_is_told                              |
| what the kernel did not take at once is lost             | test_a_kernel_that_takes_a_piece_in_parts_gets_all_of_it      |
| a descriptor that does not block is taken for a broken one | test_a_descriptor_that_does_not_block_loses_nothing         |
"""

import fcntl
import os
import socket
import threading
import time
from itertools import count
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from waiting import until
from wattline import output as module
from wattline.errors import WattlineError
from wattline.output import PIECE_BYTES, Output

LINE = "electricity,meter=house power_w={} 1700000000000000000"


class Pipe:
    """A pipe, as small as asked, with an output that writes to it in a thread."""

    def __init__(self, pipe_bytes=65536):
        self.reader, self.writer = os.pipe()
        fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, pipe_bytes)
        self.output = Output(self.writer)
        self.errors = []
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            self.output.run()
        except WattlineError as error:
            self.errors.append(str(error))

    def start(self):
        self.thread.start()
        return self

    def read_all(self, piece=65536, pause_s=0.0):
        """What comes until the writing end is closed."""
        data = b""
        while read := os.read(self.reader, piece):
            data += read
            time.sleep(pause_s)  # the reader is slow: that is the test
        return data.decode()

    def close_writer(self):
        """Nothing more will be written; whoever reads sees the end."""
        if self.writer is not None:
            if self.thread.ident:
                self.output.close()
                self.thread.join()
            os.close(self.writer)
        self.writer = None

    def close_reader(self):
        if self.reader is not None:
            os.close(self.reader)
        self.reader = None

    def close(self):
        self.close_reader()
        self.close_writer()


@pytest.fixture
def patient(monkeypatch):
    """An end that may take seconds, so that one that does not is told from a busy machine."""
    monkeypatch.setattr(module, "DRAIN_S", 4.0)
    monkeypatch.setattr(module, "LINGER_S", 4.0)


@pytest.fixture
def pipe():
    pipes = []

    def make(pipe_bytes=65536):
        pipes.append(Pipe(pipe_bytes))
        return pipes[-1]

    yield make
    for made in pipes:
        made.close()


def lines(numbers):
    return [LINE.format(number) for number in numbers]


# Whether it is read.


@pytest.fixture
def uptime(monkeypatch):
    """The seconds that ``untaken_s`` goes by, in a list of one."""
    uptime_s = [100.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: uptime_s[0], sleep=time.sleep))
    return uptime_s


@pytest.mark.parametrize("pipe_bytes", [4096, 65536])
def test_a_reader_that_takes_nothing_is_seen_from_the_first_line(pipe, uptime, pipe_bytes):
    """Lines that are written meanwhile, into the pipe or in front of it, do not pass for lines that are read."""
    made = pipe(pipe_bytes)
    assert made.output.untaken_s() == 0
    made.start()
    for number in range(8):
        made.output.put(lines(range(40)) if number else lines([0]))
        until(lambda: made.output.written and (len(made.output) == 0 or pipe_bytes == 4096))
        uptime[0] += 2
        assert made.output.untaken_s() == 2 * number + 2
    uptime[0] += 1
    os.read(made.reader, 100)
    # What is written into the room at this very moment hides the reading until the next look.
    until(lambda: made.output.untaken_s() == 0)


def test_a_reader_that_takes_something_or_has_nothing_is_none(pipe, uptime):
    made = pipe().start()
    made.output.put(lines(range(3)))
    until(lambda: made.output.written == 3)
    for _ in range(5):
        uptime[0] += 30
        os.read(made.reader, 10)
        assert made.output.untaken_s() == 0
    os.read(made.reader, 4096)
    uptime[0] += 3600
    assert made.output.untaken_s() == 0
    made.output.put(lines(range(3)))
    until(lambda: made.output.written == 6)
    uptime[0] += 2
    assert made.output.untaken_s() == 2


def test_nobody_can_be_missed_where_there_is_no_pipe(tmp_path, uptime):
    with (tmp_path / "file").open("wb") as file:
        output = Output(file.fileno())
        writer = threading.Thread(target=output.run)
        writer.start()
        output.put(lines(range(3)))
        until(lambda: output.written == 3)
        uptime[0] += 60
        assert output.untaken_s() == 0
        output.close()
        writer.join()


# Written.


@pytest.mark.parametrize(("piece", "pause_s"), [(65536, 0.0), (700, 0.0005)])
@pytest.mark.parametrize("pipe_bytes", [4096, 65536])
def test_every_line_comes_once_whole_and_in_order(pipe, pipe_bytes, piece, pause_s):
    """Put one by one and in heaps, some of them as long as they may be."""
    made = pipe(pipe_bytes).start()
    expected = []

    def put_all():
        for slot in range(60):
            heap = lines(range(10 * slot, 10 * slot + slot % 9))
            heap += [f"{slot} {'x' * (PIECE_BYTES - 10 - slot % 7)}"] if slot % 5 == 0 else []
            expected.extend(heap)
            made.output.put(heap)
        until(lambda: made.output.written == len(expected))
        made.close_writer()

    writer = threading.Thread(target=put_all)
    writer.start()
    text = made.read_all(piece, pause_s)
    writer.join()
    assert text == "".join(f"{line}\n" for line in expected)
    assert (made.output.written, made.output.dropped, len(made.output)) == (len(expected), 0, 0)


def test_a_line_is_written_at_once(pipe):
    made = pipe().start()
    for number in range(3):
        made.output.put(lines([number]))
        assert os.read(made.reader, 4096).decode() == f"{LINE.format(number)}\n"


def test_a_reader_that_does_not_read_keeps_nobody_waiting(pipe):
    """Putting is quick whatever the pipe does, and what waits is known, what is under way included."""
    made = pipe(4096).start()
    began_s = time.monotonic()
    for number in range(1000):
        made.output.put(lines([number]))
    assert time.monotonic() - began_s < 0.5
    until(lambda: made.output.written)
    assert made.output.written * len(LINE) < 4096
    assert len(made.output) == 1000 - made.output.written


def test_the_oldest_are_dropped_when_too_many_wait(pipe, monkeypatch):
    """Those that are kept are the newest, in order; those under way are neither dropped nor kept from their place."""
    monkeypatch.setattr(module, "LINES_KEPT", 50)
    made = pipe(4096).start()
    made.output.put(lines([0]))
    until(lambda: made.output.written)
    for number in range(1, 300):
        made.output.put(lines([number]))
    dropped = made.output.dropped
    assert 300 - 50 - 2 * 4096 // len(LINE) <= dropped < 300 - 50
    reader = threading.Thread(target=lambda: texts.append(made.read_all()))
    texts = []
    reader.start()
    until(lambda: not len(made.output))
    made.close_writer()
    reader.join()

    numbers = [int(line.split("=")[2].split()[0]) for line in texts[0].splitlines()]
    assert numbers == sorted(set(numbers))
    assert numbers[-50:] == list(range(250, 300))
    assert len(numbers) == made.output.written == 300 - dropped
    assert made.output.dropped == dropped


# The end.


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, PIECE_BYTES - 1), min_size=1, max_size=40))
def test_at_the_end_each_line_is_whole_in_the_pipe_or_dropped(monkeypatch, sizes):
    """Nobody reads: what is in the pipe afterwards is what was counted as written, and the rest was never begun."""
    monkeypatch.setattr(module, "DRAIN_S", 0.05)
    made = Pipe(8192).start()
    made.output.put([size * "x" for size in sizes])
    made.close_writer()
    written, waiting = made.output.written, len(made.output)
    text = made.read_all()
    made.close()

    assert text == "".join(size * "x" + "\n" for size in sizes[:written])
    assert written + waiting + made.output.dropped == len(sizes)
    assert made.output.dropped == 0


def test_a_reader_that_comes_at_the_end_gets_what_was_counted(pipe, monkeypatch):
    """Once the end has come and the lines are counted, nothing is written any more, though there is room again."""
    monkeypatch.setattr(module, "DRAIN_S", 0.05)
    made = pipe(4096).start()
    made.output.put(lines(range(200)))
    made.output.close()
    written = made.output.written
    first = os.read(made.reader, 65536).decode()
    made.close_writer()
    assert (first + made.read_all()).count("\n") == written == made.output.written
    assert len(made.output) == 200 - written


def test_the_end_waits_until_the_pipe_is_empty(pipe):
    """A reader that is slow to begin gets all, before the end comes."""
    made = pipe(4096).start()
    made.output.put(lines(range(200)))
    texts = []

    def read_late():
        time.sleep(0.1)  # the reader is late: that is the test
        while len("".join(texts)) < sum(len(line) + 1 for line in lines(range(200))):
            texts.append(os.read(made.reader, 4096).decode())
        finished_s.append(time.monotonic())

    finished_s = []
    reader = threading.Thread(target=read_late)
    reader.start()
    made.output.close()
    ended_s = time.monotonic()
    reader.join()

    assert "".join(texts) == "".join(f"{line}\n" for line in lines(range(200)))
    assert ended_s - finished_s[0] > 0.15
    assert (made.output.written, len(made.output)) == (200, 0)


@pytest.mark.parametrize("count", [1, 500])
def test_the_end_waits_half_a_second_at_most(pipe, count):
    """Whether the lines are in the pipe that nobody reads, or still wait in front of it."""
    made = pipe(4096).start()
    made.output.put(lines(range(count)))
    until(lambda: made.output.written)
    began_s = time.monotonic()
    made.output.close()
    assert 0.45 < time.monotonic() - began_s < 0.9


@pytest.mark.parametrize("why", ["nothing was written", "nobody reads"])
def test_the_end_is_at_once_when_there_is_nothing_to_wait_for(pipe, patient, why):
    made = pipe().start()
    if why == "nobody reads":
        made.output.put(lines(range(20)))
        until(lambda: made.output.written)
        made.close_reader()
    began_s = time.monotonic()
    made.output.close()
    assert time.monotonic() - began_s < 2


def test_a_file_gets_every_line_and_is_not_waited_for(tmp_path, patient):
    with (tmp_path / "lines").open("wb") as file:
        output = Output(file.fileno())
        thread = threading.Thread(target=output.run)
        thread.start()
        output.put(lines(range(1000)))
        until(lambda: output.written)
        began_s = time.monotonic()
        output.close()
        assert time.monotonic() - began_s < 2
        thread.join()
    assert (tmp_path / "lines").read_text().splitlines() == lines(range(1000))
    assert output.written == 1000


# Odd ends of a pipe.


def test_a_line_that_is_too_long_is_dropped_and_told(pipe, caplog, monkeypatch):
    """The lines around it come."""
    monkeypatch.setattr("wattline.log.LOG.propagate", True)
    made = pipe().start()
    made.output.put(["a", "x" * (PIECE_BYTES - 1), "x" * PIECE_BYTES, "ä" * (PIECE_BYTES // 2), "b"])
    until(lambda: not len(made.output))
    made.close_writer()
    assert [len(line) for line in made.read_all().splitlines()] == [1, PIECE_BYTES - 1, 1]
    assert (made.output.written, made.output.dropped) == (3, 2)
    assert "A line of more than 4096 bytes was dropped" in caplog.text


def test_a_broken_pipe_ends_the_writer(pipe):
    """It is no error. What was not written counts as waiting, so that the sum is right."""
    made = pipe(4096).start()
    made.output.put(lines(range(200)))
    until(lambda: made.output.written)
    made.close_reader()
    made.thread.join(2)
    assert not made.thread.is_alive()
    assert made.errors == []
    assert len(made.output) == 200 - made.output.written > 0


def test_a_disk_that_is_full_is_told():
    descriptor = os.open("/dev/full", os.O_WRONLY)
    output = Output(descriptor)
    output.put(lines(range(3)))
    with pytest.raises(WattlineError, match=r"^Lines cannot be written to standard output: No space left on device\.$"):
        output.run()
    assert (output.written, len(output)) == (0, 3)
    os.close(descriptor)


def test_a_kernel_that_takes_a_piece_in_parts_gets_all_of_it(pipe, monkeypatch):
    """And a line is counted when its last byte is out."""
    write = os.write
    monkeypatch.setattr(module.os, "write", lambda descriptor, data: write(descriptor, data[:100]))
    made = pipe().start()
    made.output.put(lines(range(100)))
    until(lambda: not len(made.output))
    made.close_writer()
    assert made.read_all() == "".join(f"{line}\n" for line in lines(range(100)))
    assert made.output.written == 100


def test_a_descriptor_that_does_not_block_loses_nothing():
    """Whoever shares stdout may have made it so; a socket then takes lines in part."""
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
        output = Output(near.fileno())
        thread = threading.Thread(target=output.run)
        thread.start()
        numbers = count()
        expected = [line * 20 for _ in range(200) for line in lines([next(numbers)])]
        output.put(expected)
        text = b""
        while text.count(b"\n") < len(expected):
            text += far.recv(1000)
        assert text.decode() == "".join(f"{line}\n" for line in expected)
        until(lambda: output.written == len(expected))
        output.close()
        thread.join()
