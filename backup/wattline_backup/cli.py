"""The command line of ``wattline-backup``."""

from wattline.cli import Program

BACKUP = Program(
    name="wattline-backup",
    description="Keeps sets of all that InfluxDB holds, of the hours, days, weeks, months and years, and proves that they restore.",
    commands=(
        "run",
        "list",
        "verify",
        "prune",
        "restore",
        "offsite",
        "recovery-sheet",
        "reconcile",
        "completeness",
        "failed",
    ),
    package="wattline_backup.commands",
    example="wattline-backup run",
)

main = BACKUP.main
