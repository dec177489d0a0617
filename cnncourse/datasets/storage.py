"""Files of public data sets: where they lie, and how they arrive whole or not at all."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

PATIENCE = 30  # seconds without a byte after which a server counts as away


def data_folder(root: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder that holds public data sets; it need not exist.

    That is ``root``, or the environment variable ``CNNCOURSE_DATA``, or ``data`` in the learner's folder
    ``~/.cnncourse`` (which the environment variable ``CNNCOURSE_HOME`` may move).

    Examples
    --------
    >>> data_folder("pictures").name
    'pictures'
    """
    chosen = root or os.environ.get("CNNCOURSE_DATA")
    if chosen:
        return Path(chosen).expanduser()
    home = os.environ.get("CNNCOURSE_HOME")
    return (Path(home) if home else Path.home() / ".cnncourse") / "data"


def fetch(urls: Sequence[str], path: Path, md5: str) -> None:
    """Download a file from the first address that has it, with a progress bar.

    It is written beside ``path``, compared with its MD5 checksum, and only then moved there: when this fails
    or is interrupted nothing is left behind, and the next call starts anew.

    Raises
    ------
    ConnectionError
        When no address gave the file; the message says what each gave instead and where to put the file.
    """
    from torchvision.datasets.utils import download_url

    path.parent.mkdir(parents=True, exist_ok=True)
    failures = []
    for url in urls:
        with tempfile.TemporaryDirectory(prefix=".arriving-", dir=path.parent) as folder:
            arrived = Path(folder, path.name)
            before = socket.getdefaulttimeout()
            socket.setdefaulttimeout(PATIENCE)  # torchvision would wait for a silent server forever
            try:
                download_url(url, folder, path.name)
            except (OSError, http.client.HTTPException, RuntimeError) as error:
                failures.append(f"{url}: {error}")
                continue
            finally:
                socket.setdefaulttimeout(before)
            if (found := md5_of(arrived)) == md5:
                os.replace(arrived, path)
                return
            size = arrived.stat().st_size
            failures.append(f"{url}: {size:,} bytes arrived with MD5 {found}, expected {md5}")
    reasons = "\n".join(f"  {failure}" for failure in failures)
    raise ConnectionError(
        f"could not download {path.name}:\n{reasons}\n"
        f"Nothing was kept. Call again when the network is back, or get the file elsewhere, put it at\n"
        f"  {path}\nand call again. (digits, shapes and road_scenes need no network.)"
    )


def unpack(archive: Path, folder: Path, md5: str) -> None:
    """Unpack an archive or a compressed file, after comparing its checksum; each entry appears as a whole.

    Raises
    ------
    ValueError
        When the checksum differs.
    """
    from torchvision.datasets.utils import extract_archive

    if (found := md5_of(archive)) != md5:
        raise ValueError(
            f"{archive} is damaged or another file: {archive.stat().st_size:,} bytes with MD5 {found}, "
            f"expected {md5}; delete it and get it again (download=True does)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder) as temporary:
        extract_archive(str(archive), temporary)
        _move_contents(Path(temporary), folder)


def require(paths: Iterable[Path], remedy: str) -> None:
    """Refuse to go on without a file.

    Raises
    ------
    FileNotFoundError
        Naming the first missing file and what to do.
    """
    missing = [path for path in paths if not path.exists()]
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise FileNotFoundError(f"there is no {missing[0]}{more}; {remedy}")


def md5_of(path: Path) -> str:
    """Return the MD5 checksum of a file, as torchvision states them."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _move_contents(source: Path, target: Path) -> None:
    """Move everything in a folder into another, which may hold a part of it from before."""
    for entry in source.iterdir():
        if entry.is_dir() and (target / entry.name).is_dir():
            _move_contents(entry, target / entry.name)
        else:
            os.replace(entry, target / entry.name)
