"""What a backup tells of itself."""

from wattline.fields.field import Field, by_name

BACKUP_FIELDS = by_name(
    Field("success", "", "gauge", 0, "1 when it did what it was asked for, 0 when it did not."),
    Field("duration_s", "s", "gauge", 1, "How long it took."),
    Field("bytes", "", "gauge", 0, "Bytes of the set that it was about, shared with other sets or not."),
    Field(
        "written_bytes",
        "",
        "gauge",
        0,
        "Bytes that were written for it; by restic its own data too, so it may be more.",
    ),
    Field("set_s", "s", "gauge", 0, "When the set that was copied off-site was begun, in seconds since 1970."),
    Field("shards", "", "gauge", 0, "Shards that were proven to be what was stored."),
    Field("restored_shards", "", "gauge", 0, "Shards of them that a server restored."),
    Field("restored_bytes", "", "gauge", 0, "Bytes of those."),
    Field("sets", "", "gauge", 0, "Sets that there are afterwards."),
    Field("removed_sets", "", "gauge", 0, "Sets that were removed."),
    Field(
        "disk_bytes", "", "gauge", 0, "Bytes that all sets take on the disk together, each shared file counted once."
    ),
    Field("freed_bytes", "", "gauge", 0, "Bytes that the removed sets shared with no other set."),
    Field(
        "sheet_confirmed",
        "",
        "gauge",
        0,
        "1 when somebody has said that the recovery sheet, as it is now, lies outside the house; else 0.",
    ),
    Field("filled", "", "gauge", 0, "Values that InfluxDB lacked, and has now out of the journal."),
)
