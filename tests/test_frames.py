"""Modbus RTU frames in a stream of bytes, judged by pymodbus, which builds the frames and knows the CRC.

| fault                                                | test                                                     |
|------------------------------------------------------|----------------------------------------------------------|
| the CRC is another one, or its bytes are swapped     | test_the_crc_..., test_recorded_replies_are_found        |
| registers are misread                                | test_a_reply_of_pymodbus_is_read                         |
| a refusal is misread                                 | test_a_refusal_of_pymodbus_is_read                       |
| a frame is taken for the answer to another question  | test_an_answer_has_address_function_and_length_...       |
| noise hides a frame                                  | test_a_frame_is_found_in_noise                           |
| the next frame is lost with the first                | test_two_frames_come_one_after_the_other                 |
| a request, our own echo, is taken for a reply        | test_a_request_is_no_reply                               |
| half a frame is taken, or thrown away                | test_a_frame_is_taken_when_its_last_byte_has_come        |
| a damaged frame is taken                             | test_a_damaged_frame_is_not_taken                        |
| ... or one that cannot be, though its CRC is right   | test_what_is_no_reply_is_not_taken_for_its_crc           |
| a frame is invented                                  | test_what_is_taken_is_in_the_stream_and_sound            |
| a chattering line costs seconds                      | test_noise_costs_little                                  |
"""

import os
import time
from collections.abc import Iterator

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
    ReadInputRegistersResponse,
)

from wattline.bus import frames
from wattline.bus.frames import Frame, take_frame

FRAMER = FramerRTU(DecodePDU(is_server=True))
REPLIES = {3: ReadHoldingRegistersResponse, 4: ReadInputRegistersResponse}
REQUESTS = {3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest}

addresses = st.integers(1, 247)
functions = st.sampled_from((3, 4))
registers = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125)

# No frame begins in these bytes, whatever follows, since none of them is a function; so none is there by accident.
HARMLESS = [byte for byte in range(256) if byte & 0x7F not in (3, 4)]
harmless_bytes = st.sampled_from(HARMLESS)
harmless_words = st.builds(lambda high, low: high << 8 | low, harmless_bytes, harmless_bytes)
harmless_addresses = st.sampled_from([address for address in HARMLESS if 1 <= address <= 247])
# The byte count is one of them too.
harmless_registers = st.lists(harmless_words, min_size=1, max_size=125).filter(lambda words: 2 * len(words) in HARMLESS)
noise = st.lists(harmless_bytes, max_size=300).map(bytes)


def reply(address: int, function: int, values: list[int]) -> bytes:
    return FRAMER.buildFrame(REPLIES[function](registers=values, dev_id=address))


def refusal(address: int, function: int, code: int) -> bytes:
    return FRAMER.buildFrame(ExceptionResponse(function, code, device_id=address))


def request(address: int, function: int, first: int, count: int) -> bytes:
    return FRAMER.buildFrame(REQUESTS[function](address=first, count=count, dev_id=address))


@st.composite
def harmless_frames(draw: st.DrawFn) -> bytes:
    """A reply or a refusal in which no other frame can begin, unless in its CRC."""
    address, function = draw(harmless_addresses), draw(functions)
    if draw(st.booleans()):
        return refusal(address, function, draw(st.integers(1, 2)))
    return reply(address, function, draw(harmless_registers))


def taken(stream: bytes) -> Iterator[bytes]:
    """All frames of a stream."""
    buffer = bytearray(stream)
    while frame := take_frame(buffer):
        yield frame.data


@given(st.binary(max_size=300))
@example(b"")
def test_the_crc_is_that_of_pymodbus(data):
    assert frames.crc(data) == FramerRTU.compute_CRC(data).to_bytes(2, "big")
    assert frames.crc(bytearray(data)) == frames.crc(data)


@pytest.mark.parametrize(
    ("recorded", "registers"),
    [
        ("01 03 02 5a 66 02 ce", (23142,)),
        ("01 03 02 13 89 74 d2", (5001,)),
        ("01 03 04 00 00 05 c1 38 f3", (0, 1473)),
        ("01 03 04 00 03 05 30 09 77", (3, 1328)),
    ],
)
def test_recorded_replies_are_found(recorded, registers):
    """Replies of a real OR-WE-514 (volkszaehler/mbmd issue 155)."""
    frame = take_frame(bytearray.fromhex(recorded))
    assert frame is not None
    assert (frame.address, frame.function, frame.registers) == (1, 3, registers)


@given(addresses, functions, registers)
def test_a_reply_of_pymodbus_is_read(address, function, values):
    frame = take_frame(bytearray(reply(address, function, values)))
    assert frame is not None
    assert (frame.address, frame.function, frame.is_refusal) == (address, function, False)
    assert (frame.registers, frame.count, frame.code) == (tuple(values), len(values), 0)


@given(addresses, functions, st.integers(1, 255))
def test_a_refusal_of_pymodbus_is_read(address, function, code):
    frame = take_frame(bytearray(refusal(address, function, code)))
    assert frame is not None
    assert (frame.address, frame.function, frame.is_refusal, frame.code) == (address, function, True, code)
    assert (frame.registers, frame.count) == ((), 0)


@pytest.mark.parametrize(
    ("data", "answers"),
    [
        (reply(1, 3, [7, 8]), True),
        (reply(2, 3, [7, 8]), False),
        (reply(1, 4, [7, 8]), False),
        (reply(1, 3, [7]), False),
        (reply(1, 3, [7, 8, 9]), False),
        (refusal(1, 3, 2), True),
        (refusal(2, 3, 2), False),
        (refusal(1, 4, 2), False),
    ],
)
def test_an_answer_has_address_function_and_length_of_its_request(data, answers):
    assert Frame(data).answers(request(1, 3, 0x140, 2)) == answers


@given(noise, harmless_frames(), st.binary(max_size=300))
def test_a_frame_is_found_in_noise(before, frame, after):
    """Whatever surrounds it; what follows is left for later."""
    buffer = bytearray(before + frame + after)
    found = take_frame(buffer)
    assert found is not None
    assert found.data == frame
    assert buffer == after


@given(noise, harmless_frames(), noise, harmless_frames())
def test_two_frames_come_one_after_the_other(before, one, between, two):
    assert list(taken(before + one + between + two)) == [one, two]


@given(harmless_addresses, functions, harmless_words, st.integers(1, 125), harmless_frames())
def test_a_request_is_no_reply(address, function, first, count, frame):
    """The echo of a request is passed over, and the reply behind it is found."""
    echo = request(address, function, first, count)
    # Where a reply has its byte count stands an odd number, and none of the others is a function.
    assume(first >> 8 & 1 and set(echo[2:]) <= set(HARMLESS))
    assert list(taken(echo + frame)) == [frame]


@given(noise, harmless_frames(), st.data())
def test_a_frame_is_taken_when_its_last_byte_has_come(before, frame, data):
    """Not a byte earlier, and nothing is lost meanwhile, in whatever pieces it comes."""
    stream = before + frame
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream) - 1), max_size=10)))
    buffer = bytearray()
    for begin, end in zip([0, *cuts], cuts, strict=False):
        buffer += stream[begin:end]
        assert take_frame(buffer) is None
        assert buffer == stream[:end]
    buffer += stream[cuts[-1] if cuts else 0 :]
    found = take_frame(buffer)
    assert found is not None
    assert (found.data, buffer) == (frame, b"")


@given(harmless_addresses, functions, harmless_registers, st.data())
def test_a_damaged_frame_is_not_taken(address, function, values, data):
    """A CRC of sixteen bits finds every burst of that length: two neighbours of the registers are others."""
    frame = bytearray(reply(address, function, values))
    place = data.draw(st.integers(3, len(frame) - 4))
    others = data.draw(
        st.tuples(harmless_bytes, harmless_bytes).map(bytes).filter(lambda two: two != frame[place : place + 2])
    )
    frame[place : place + 2] = others
    assert take_frame(frame) is None


@pytest.mark.parametrize(
    "body",
    ["01 03 03 00 01 02", "01 04 01 07", "01 03 04", "01 03 04 00 01", "01 06 02 00 01", "01 01 02 00 01", "01 86 02"],
)
def test_what_is_no_reply_is_not_taken_for_its_crc(body):
    """Half a register, fewer registers than are announced, or a function that is never asked for."""
    data = bytes.fromhex(body)
    assert take_frame(bytearray(data + FramerRTU.compute_CRC(data).to_bytes(2, "big"))) is None


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """All that a bus may carry: replies, refusals, requests, each whole or torn, and noise."""
    pieces = draw(
        st.lists(
            st.one_of(
                st.builds(reply, addresses, functions, registers),
                st.builds(refusal, addresses, functions, st.integers(1, 255)),
                st.builds(request, addresses, functions, st.integers(0, 0xFFFF), st.integers(1, 125)),
                st.binary(max_size=40),
                st.lists(st.sampled_from((3, 4, 0x83, 0x84, 0, 2)), max_size=40).map(bytes),
            ),
            max_size=6,
        )
    )
    return b"".join(piece[draw(st.sampled_from((0, 0, 0, 1, 3))) :] for piece in pieces)


@given(streams())
def test_what_is_taken_is_in_the_stream_and_sound(stream):
    """It stands there as it is, in order; pymodbus finds its CRC right, and its length is what it says."""
    place = 0
    for data in taken(stream):
        place = stream.index(data, place) + len(data)
        frame = Frame(data)
        assert FramerRTU.check_CRC(data[:-2], int.from_bytes(data[-2:], "big"))
        assert frame.function in (3, 4)
        assert len(data) == (5 if frame.is_refusal else 5 + 2 * frame.count)


@pytest.mark.parametrize(
    "pattern",
    [b"\x03", b"\x04", b"\x83", b"\x03\xfe", b"\x04\xfa", b"\x00", b"\xff", b"\x01\x03\xfa"],
    ids=lambda pattern: pattern.hex(" "),
)
def test_noise_costs_little(pattern):
    """Sixteen KiB of what looks most like frames."""
    buffer = bytearray((pattern * 16384)[:16384])
    began_s = time.process_time()
    found = take_frame(buffer)
    assert found is None
    assert time.process_time() - began_s < 1.0


def test_random_noise_costs_little():
    began_s = time.process_time()
    list(taken(os.urandom(65536)))
    assert time.process_time() - began_s < 1.0
