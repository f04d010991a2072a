"""Makes what a Pi in a test fetches in the place of what the makers of Telegraf, InfluxDB and Grafana offer.

The build machines reach no registry of images and no repository of InfluxData's. So this makes a folder that machine/mirror
serves from inside the Pi, and the variables of the playbook that are there for people with a mirror name it:

| in the folder | stands in for | what is real in it |
|---|---|---|
| telegraf/, telegraf.key, telegraf.fingerprint | InfluxData's repository and key | Telegraf, and what its package does |
| v2/influxdb/ | the image influxdb:2.9.1-alpine | influxd, influx, curl, busybox, owners, volumes, entry |
| v2/grafana/grafana/ | the image grafana/grafana:12.4.3 | its port, health, user, volume, what it needs to start |

Images lie there as a registry's interface has them, so any web server is a registry.

    python3 stand_ins.py IMAGE_TAR FOLDER

IMAGE_TAR is the root file system that both images begin with; telegraf, influxd and influx are found by PATH.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).parent / "stand_ins"
MEDIA = "application/vnd.docker.distribution.manifest.v2+json"
PLACE_OF_TOOLS = "usr/local/bin"
TELEGRAF_VERSION = "1.39.3-1"
BUSYBOX = ["sh", "ash", "awk", "sed", "tr", "cat", "sort", "cut", "basename", "dirname", "grep", "date", "sleep", "ls"]
BUSYBOX += [
    "id",
    "chown",
    "chmod",
    "head",
    "tail",
    "wc",
    "mkdir",
    "rm",
    "mv",
    "cp",
    "tar",
    "gzip",
    "env",
    "printf",
    "sync",
]
BUSYBOX += [
    "mktemp",
    "find",
    "touch",
    "expr",
    "od",
    "test",
    "[",
    "true",
    "false",
    "stat",
    "seq",
    "pgrep",
    "ps",
    "df",
    "du",
]


def program(name: str) -> Path:
    """The program that PATH has under this name."""
    found = shutil.which(name)
    if not found:
        sys.exit(f"{name} is not built; `make servers` builds it.")
    return Path(found)


class Layer:
    """A layer of an image, put together in memory."""

    def __init__(self) -> None:
        self._entries: list[tuple[tarfile.TarInfo, bytes]] = []

    def add(self, path: str, content: bytes = b"", *, mode: int = 0o755, owner: tuple[int, int] = (0, 0)) -> None:
        """One file."""
        self._put(path, tarfile.REGTYPE, mode=mode, owner=owner, content=content)

    def folder(self, path: str, owner: tuple[int, int], mode: int) -> None:
        """An empty folder."""
        self._put(path, tarfile.DIRTYPE, mode=mode, owner=owner)

    def link(self, path: str, target: str) -> None:
        """A symbolic link."""
        self._put(path, tarfile.SYMTYPE, target=target)

    def _put(
        self,
        path: str,
        kind: bytes,
        *,
        mode: int = 0o777,
        owner: tuple[int, int] = (0, 0),
        target: str = "",
        content: bytes = b"",
    ) -> None:
        entry = tarfile.TarInfo(path)
        entry.type, entry.size, entry.mode, entry.linkname = kind, len(content), mode, target
        entry.uid, entry.gid = owner
        self._entries.append((entry, content))

    def bytes(self) -> bytes:
        """The whole layer as a tar."""
        whole = io.BytesIO()
        with tarfile.open(fileobj=whole, mode="w") as tar:
            for entry, content in self._entries:
                tar.addfile(entry, io.BytesIO(content))
        return whole.getvalue()


def influxdb() -> tuple[bytes, dict[str, object]]:
    """The layer on top of the root file system, and the image's settings."""
    layer = Layer()
    for name in ("influxd", "influx"):
        layer.add(f"{PLACE_OF_TOOLS}/{name}", program(name).read_bytes())
    layer.add("entrypoint.sh", (HERE / "influxdb").read_bytes())
    layer.folder("var/lib/influxdb2", (1000, 1000), 0o700)
    layer.folder("etc/influxdb2", (1000, 1000), 0o755)
    return layer.bytes(), {
        "Entrypoint": ["/entrypoint.sh"],
        "Cmd": ["influxd"],
        "Volumes": {"/var/lib/influxdb2": {}, "/etc/influxdb2": {}},
        "ExposedPorts": {"8086/tcp": {}},
        "Env": [
            "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "INFLUX_CONFIGS_PATH=/etc/influxdb2/influx-configs",
            "INFLUXDB_VERSION=2.9.1",
        ],
    }


def grafana() -> tuple[bytes, dict[str, object]]:
    """Likewise."""
    layer = Layer()
    layer.add("run.sh", (HERE / "grafana").read_bytes())
    layer.folder("var/lib/grafana", (472, 0), 0o777)
    return layer.bytes(), {
        "Entrypoint": ["/run.sh"],
        "User": "472",
        "ExposedPorts": {"3000/tcp": {}},
        "Env": ["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "GF_PATHS_DATA=/var/lib/grafana"],
    }


def foundation() -> bytes:
    """The layer below both: busybox as the shell and the small tools, and the names of users."""
    layer = Layer()
    for name in BUSYBOX:
        layer.link(f"usr/bin/{name}", "/usr/bin/busybox")
    users = "root:x:0:0::/root:/bin/sh\ninfluxdb:x:1000:1000::/home/influxdb:/bin/sh\ngrafana:x:472:0::/usr/share/grafana:/bin/sh\n"
    layer.add("etc/passwd", users.encode(), mode=0o644)
    layer.add("etc/group", b"root:x:0:\ninfluxdb:x:1000:\n", mode=0o644)
    return layer.bytes()


class Registry:
    """The folder v2/ of a registry that can only be read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def image(self, name: str, tag: str, tars: list[bytes], settings: dict[str, object]) -> None:
        """Put an image there."""
        blobs = [gzip.compress(tar, compresslevel=1, mtime=0) for tar in tars]
        config = {
            "architecture": subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip(),
            "os": "linux",
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [digest(tar) for tar in tars]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MEDIA,
            "config": self._blob(name, json.dumps(config).encode(), "application/vnd.docker.container.image.v1+json"),
            "layers": [self._blob(name, blob, "application/vnd.docker.image.rootfs.diff.tar.gzip") for blob in blobs],
        }
        text = json.dumps(manifest).encode()
        for reference in (tag, digest(text)):
            self._write(f"{name}/manifests/{reference}", text)

    def _blob(self, name: str, content: bytes, media: str) -> dict[str, object]:
        self._write(f"{name}/blobs/{digest(content)}", content)
        return {"mediaType": media, "size": len(content), "digest": digest(content)}

    def _write(self, path: str, content: bytes) -> None:
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def digest(content: bytes) -> str:
    """As a registry names what it has."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def package_telegraf(folder: Path) -> Path:
    """Telegraf as a Debian package, with the files, the user and the service that InfluxData's has."""
    architecture = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()
    tree = folder / "tree"
    for path, source, mode in [
        ("usr/bin/telegraf", program("telegraf"), 0o755),
        ("usr/lib/telegraf/scripts/telegraf.service", HERE / "telegraf.service", 0o644),
        ("DEBIAN/postinst", HERE / "telegraf.postinst", 0o755),
        ("DEBIAN/prerm", HERE / "telegraf.prerm", 0o755),
        ("DEBIAN/postrm", HERE / "telegraf.postrm", 0o755),
    ]:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, tree / path)
        (tree / path).chmod(mode)
    sample = tree / "etc/telegraf/telegraf.conf.sample"
    sample.parent.mkdir(parents=True)
    sample.write_text('[agent]\n  interval = "10s"\n[[inputs.cpu]]\n')
    (tree / "DEBIAN/control").write_text(
        f"Package: telegraf\nVersion: {TELEGRAF_VERSION}\nArchitecture: {architecture}\nMaintainer: a test\n"
        "Description: Telegraf, for a test\nDepends: adduser, init-system-helpers\n"
    )
    package = folder / f"telegraf_{TELEGRAF_VERSION}_{architecture}.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", "-Zgzip", str(tree), str(package)], check=True)
    shutil.rmtree(tree)
    return package


class Repository:
    """A folder that apt takes packages from, signed as InfluxData's: by a subkey of the key that is known."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._home = folder, folder / "gnupg"
        self._home.mkdir(mode=0o700, parents=True)

    def publish(self, package: Path) -> None:
        """Make lists of the one package, sign them, and put key and fingerprint beside them."""
        self._gpg("--quick-generate-key", "Telegraf for a test <test@example.com>", "rsa3072", "cert", "10y")
        fingerprint = self._fingerprint()
        self._gpg("--quick-add-key", fingerprint, "rsa3072", "sign", "10y")
        pool = self._folder / "telegraf" / "pool"
        pool.mkdir(parents=True)
        content = package.read_bytes()
        shutil.move(package, pool / package.name)
        control = subprocess.check_output(["dpkg-deb", "--field", str(pool / package.name)], text=True).strip()
        listing = f"{control}\nFilename: pool/{package.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
        self._lists(listing.encode(), control.split("Architecture: ")[1].split()[0])
        (self._folder / "telegraf.key").write_text(self._gpg("--armor", "--export", fingerprint))
        (self._folder / "telegraf.fingerprint").write_text(fingerprint + "\n")
        subprocess.run(["gpgconf", "--kill", "all"], env=os.environ | {"GNUPGHOME": str(self._home)}, check=True)
        shutil.rmtree(self._home)

    def _lists(self, listing: bytes, architecture: str) -> None:
        suite = self._folder / "telegraf" / "dists" / "stable"
        path = f"main/binary-{architecture}/Packages"
        (suite / path).parent.mkdir(parents=True)
        (suite / path).write_bytes(listing)
        release = (
            "Origin: test\nSuite: stable\nCodename: stable\nComponents: main\nDate: Thu, 01 Jan 2026 00:00:00 UTC\n"
            f"Architectures: {architecture}\nSHA256:\n {hashlib.sha256(listing).hexdigest()} {len(listing)} {path}\n"
        )
        (suite / "Release").write_text(release)
        (suite / "InRelease").write_text(
            self._gpg("--digest-algo", "SHA512", "--output", "-", "--clearsign", str(suite / "Release"))
        )

    def _fingerprint(self) -> str:
        rows = self._gpg("--with-colons", "--fingerprint").splitlines()
        return next(row.split(":")[9] for row in rows if row.startswith("fpr:"))

    def _gpg(self, *words: str) -> str:
        quiet = ["gpg", "--homedir", str(self._home), "--batch", "--yes", "--quiet", "--passphrase", ""]
        return subprocess.check_output([*quiet, "--pinentry-mode", "loopback", *words], text=True)


def main(image: Path, folder: Path) -> None:
    """Make the whole folder."""
    folder.mkdir(parents=True)
    repository = Repository(folder)
    repository.publish(package_telegraf(folder))
    registry = Registry(folder / "v2")
    below = [image.read_bytes(), foundation()]
    for name, tag, (layer, settings) in [
        ("influxdb", "2.9.1-alpine", influxdb()),
        ("grafana/grafana", "12.4.3", grafana()),
    ]:
        registry.image(name, tag, [*below, layer], settings)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
