"""The map of the bus, in the docstring of its package, is true.

| fault                                         | test                                    |
|-----------------------------------------------|-----------------------------------------|
| a module is not on the map, or no longer there | test_each_module_is_on_the_map          |
| a module calls one above it                   | test_each_module_calls_those_below_it   |
"""

import ast
import re
from pathlib import Path

import wattline.bus

FOLDER = Path(wattline.bus.__file__).parent
FILES = {path.stem: path for path in FOLDER.glob("*.py") if path.stem != "__init__"}


def places() -> dict[str, int]:
    """Each module to the number of the item in which it is first named."""
    found: dict[str, int] = {}
    for number, item in enumerate(re.split(r"\n- ", wattline.bus.__doc__ or "")[1:]):
        for name in re.findall(r"``(\w+)``", item):
            found.setdefault(name, number)
    return found


def test_each_module_is_on_the_map() -> None:
    assert places().keys() == FILES.keys()


def test_each_module_calls_those_below_it() -> None:
    """Or those of its own item."""
    place = places()
    upwards = [
        f"{name} calls {called}"
        for name, path in FILES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wattline.bus.")
        for called in [str(node.module).removeprefix("wattline.bus.")]
        if place[called] < place[name]
    ]
    assert upwards == []
