"""A meter by libmodbus, the C library of mbpoll and of many PLC programs: its RTU server on a pseudo-terminal.

One JSON object on standard input says what it is: {"address": 1, "function": 3, "registers": {"304": [5001, 23142]}}.
Registers that lie between the given ones are zero, those outside are refused. It prints the port, and ends when it is
killed. libmodbus is given the master's end, which is a file like any other to it.
"""

import ctypes
import json
import os
import sys
import tty
from ctypes.util import find_library

LONGEST_FRAME = 260


def connected(library: ctypes.CDLL, address: int, descriptor: int) -> ctypes.c_void_p:
    """A context of libmodbus that answers for ``address`` on an open ``descriptor``."""
    library.modbus_new_rtu.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.modbus_new_rtu(b"/dev/null", 9600, ctypes.c_char(b"N"), 8, 1))
    assert library.modbus_set_slave(context, address) == 0
    assert library.modbus_set_socket(context, descriptor) == 0
    return context


def mapped(library: ctypes.CDLL, function: int, registers: dict[str, list[int]]) -> ctypes.c_void_p:
    """libmodbus's table of registers: holding registers for function 3, input registers for 4."""
    first = min(map(int, registers))
    count = max(int(address) + len(values) for address, values in registers.items()) - first
    holding, inputs = ((first, count), (0, 0)) if function == 3 else ((0, 0), (first, count))
    library.modbus_mapping_new_start_address.restype = ctypes.POINTER(Mapping)
    mapping = library.modbus_mapping_new_start_address(0, 0, 0, 0, *holding, *inputs)
    table = mapping.contents.tab_registers if function == 3 else mapping.contents.tab_input_registers
    for address, values in registers.items():
        for n, value in enumerate(values):
            table[int(address) - first + n] = value
    return mapping


class Mapping(ctypes.Structure):
    """``modbus_mapping_t`` of modbus.h."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("nb_bits", "start_bits", "nb_input_bits", "start_input_bits")),
        *((name, ctypes.c_int) for name in ("nb_input_registers", "start_input_registers")),
        *((name, ctypes.c_int) for name in ("nb_registers", "start_registers")),
        *((name, ctypes.POINTER(ctypes.c_uint8)) for name in ("tab_bits", "tab_input_bits")),
        *((name, ctypes.POINTER(ctypes.c_uint16)) for name in ("tab_input_registers", "tab_registers")),
    )


def main() -> None:
    meter = json.loads(sys.stdin.readline())
    library = ctypes.CDLL(find_library("modbus"))
    master, terminal = os.openpty()
    tty.setraw(terminal)
    context = connected(library, meter["address"], master)
    mapping = mapped(library, meter["function"], meter["registers"])
    print(os.ttyname(terminal), flush=True)
    request = (ctypes.c_uint8 * LONGEST_FRAME)()
    while True:
        length = library.modbus_receive(context, request)
        # Below zero for a frame that it does not understand, 0 for one to another address.
        if length > 0:
            library.modbus_reply(context, request, length, mapping)


if __name__ == "__main__":
    main()
