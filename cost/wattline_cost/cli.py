"""The command line of ``wattline-cost``."""

from wattline.cli import Program

COST = Program(
    name="wattline-cost",
    description="Prices what was consumed and what was given to the grid, by the household's own contracts, and prints bills.",
    commands=("check", "explain", "update", "recompute", "bill"),
    package="wattline_cost.commands",
    example="wattline-cost check /etc/wattline/tariffs/house.toml",
)

main = COST.main
