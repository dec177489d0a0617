"""Create or repair ``.venv``, the project's own environment: ``python3 bootstrap.py lab`` (or ``test``).

``TORCH=cpu`` in the environment asks for PyTorch's CPU builds, ``TORCH=default`` for the default ones again.
Standard library only, and no syntax newer than Python 3.6, so that an old Python can still say what it lacks.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT

MINIMUM = (3, 11)
# Measured on Linux with [test]: 6.1 GB, 4 of them for CUDA, which is the default there. The rest is air.
NEEDED_GB = {"default": 7.0 if sys.platform == "linux" else 2.5, "cpu": 2.5}

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
SITE_PACKAGES = VENV / (
    "Lib/site-packages" if os.name == "nt" else "lib/python{}.{}/site-packages".format(*sys.version_info)
)
STAMP = VENV / "cnncourse-setup.json"

DISK_FULL = r"No space left on device|Disk quota exceeded|not enough space|os error (28|112|122)\b"
UNTRUSTED = r"UnknownIssuer|invalid peer certificate|CERTIFICATE_VERIFY_FAILED"
UNREACHABLE = (
    r"error sending request|dns error|tcp connect error|tunnel error|timed out|Connection (refused|reset)"
    r"|Network is unreachable|name resolution|after connection broken|NewConnectionError|ProxyError"
)


class SetupError(Exception):
    """Something that the reader can mend; the text says what and how."""


class NetworkAway(SetupError):
    """A host could not be reached, or not safely."""


def main(arguments: "list | None" = None) -> int:
    """Bring ``.venv`` up to date and return the exit status."""
    started = time.time()
    try:
        check_python(tuple(sys.version_info[:3]))
        parser = argparse.ArgumentParser(description="Create or repair .venv, the project's own environment.")
        parser.add_argument(
            "extra", choices=["lab", "test"], help="lab: to learn; test: to change the course"
        )
        extra = parser.parse_args(arguments).extra
        changed = set_up(extra, os.environ.get("TORCH", ""))
    except SetupError as error:
        return stop(str(error))
    except KeyboardInterrupt:
        return stop("interrupted. The same command starts over where that is needed.", 130)
    except OSError as error:
        if not re.search(DISK_FULL, str(error)):
            raise
        return stop(str(explain(str(error))))
    print(f".venv {'is ready' if changed else 'is up to date'} ({time.time() - started:.1f} s)", flush=True)
    if extra == "lab" and "MAKELEVEL" not in os.environ:
        print(f"Start with:  {VENV_PYTHON} -m jupyterlab {Path('lessons') / '00_start_here.ipynb'}")
    return 0


def stop(text: str, status: int = 1) -> int:
    """Say why it ends here and return the exit status."""
    print(f"Stopped: {text}", file=sys.stderr)
    return status


def check_python(version: tuple) -> None:
    """Raise SetupError if this Python is too old, naming a newer one of the machine if there is one."""
    if version[:2] >= MINIMUM:
        return
    remedy = "Install a newer one."
    for minor in range(MINIMUM[1] + 4, MINIMUM[1] - 1, -1):
        name = f"python3.{minor}"
        probe = [name, "-c", f"import sys; sys.exit(sys.version_info[:2] < {MINIMUM})"]
        # It must start: a version manager leaves stand-ins on the PATH for versions that are switched off.
        if shutil.which(name) and not subprocess.run(probe, stdout=DEVNULL, stderr=DEVNULL).returncode:
            remedy = f"This machine has a newer one: add PYTHON={name} to the make command."
            break
    old, needed = ".".join(map(str, version)), ".".join(map(str, MINIMUM))
    raise SetupError(f"Python {old} ({sys.executable}) is too old; {needed} or newer is needed. {remedy}")


def set_up(extra: str, torch: str) -> bool:
    """Make ``.venv`` hold the extra; return whether anything was done."""
    stamp = read_stamp()
    if torch not in ("", *NEEDED_GB):
        raise SetupError(f"TORCH={torch} is unknown. Use TORCH=cpu, TORCH=default, or leave it out.")
    torch = torch or stamp.get("torch", "default")
    fault = why_rebuild(stamp)
    switched = not fault and stamp.get("torch", torch) != torch
    extras = {extra} if fault else {extra, *stamp.get("extras", [])}
    key, included = wanted(stamp.get("extras", []))
    lost = [] if fault else damaged(stamp.get("distributions", {}))
    if not fault and not switched and not lost and key == stamp.get("key") and extra in included:
        return False

    if fault or switched or not any(SITE_PACKAGES.glob("torch-*.dist-info")):
        check_disk(torch)
    if fault:
        rebuild(fault)
    for name in lost:
        print(f"  {name} is gone, damaged or of another version", flush=True)
    install_uv()
    install(sorted(extras), torch, lost, switched)
    quiet_lab()
    done = {"complete": True, "root": str(ROOT), "key": key, "extras": sorted(extras), "torch": torch}
    write_stamp({**done, "distributions": distributions()})
    return True


def wanted(extras: list) -> tuple:
    """Return a hash of all that decides what gets installed, and the extras with those that they contain."""
    import tomllib  # new in Python 3.11

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = [
        project["build-system"],
        project["project"],
        (ROOT / "constraints.txt").read_text(encoding="utf-8"),
    ]
    found, waiting = set(), list(extras)
    while waiting:
        extra = waiting.pop()
        found.add(extra)
        for requirement in project["project"]["optional-dependencies"].get(extra, []):
            inner = re.match(r"cnncourse\[(.+)\]", requirement)
            waiting += re.split(r"\s*,\s*", inner.group(1)) if inner else []
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest(), found


def why_rebuild(stamp: dict) -> str:
    """Return the reason why ``.venv`` must be made from nothing, or an empty string."""
    if not os.path.lexists(str(VENV)):
        return "there is none yet"
    version = venv_version()
    if not version:
        return "its Python does not start"
    if version != sys.version_info[:2]:
        return "it was made with Python {}.{}, this is {}.{}".format(*version, *sys.version_info[:2])
    if not (SITE_PACKAGES / "pip").is_dir():
        return "it is half made"
    if stamp and not stamp.get("complete"):
        return "its first set-up did not finish"
    if stamp.get("root", str(ROOT)) != str(ROOT):
        return f"the project was in {stamp['root']} before"
    return ""


def venv_version() -> tuple:
    """Return (major, minor) of the environment's interpreter, or () if it does not start."""
    if Path(sys.prefix) == VENV:  # this is it
        return tuple(sys.version_info[:2])
    ask = [str(VENV_PYTHON), "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        return tuple(map(int, subprocess.run(ask, stdout=PIPE, stderr=DEVNULL, check=True).stdout.split()))
    except (OSError, ValueError, subprocess.CalledProcessError):
        return ()


def distributions() -> dict:
    """Return what each installed distribution put directly into ``site-packages``, by its metadata folder."""
    found = {}
    for record in sorted(SITE_PACKAGES.glob("*.dist-info/RECORD")):
        lines = record.read_text(encoding="utf-8").splitlines()
        tops = {re.split("[/,]", line, maxsplit=1)[0] for line in lines}
        found[record.parent.name] = sorted(tops - {"..", "__pycache__", record.parent.name, ""})
    return found


def damaged(expected: dict) -> list:
    """Return the names of the distributions that are gone, damaged or of another version."""
    there = set(os.listdir(str(SITE_PACKAGES)))
    return [name.split("-")[0] for name, tops in expected.items() if not there.issuperset([name, *tops])]


def read_stamp() -> dict:
    """Return what the last set-up noted, or an empty dict."""
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def write_stamp(stamp: dict) -> None:
    """Note what is installed, in one step."""
    temporary = STAMP.with_suffix(".tmp")
    temporary.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    temporary.replace(STAMP)


def check_disk(torch: str) -> None:
    """Raise SetupError if there is no room, here or where uv keeps its cache."""
    caches = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME") or str(
        Path.home() / ".cache"
    )
    cache = Path(os.environ.get("UV_CACHE_DIR") or Path(caches) / "uv").absolute()
    for folder in (ROOT, next(path for path in (cache, *cache.parents) if path.is_dir())):
        free, needed = shutil.disk_usage(str(folder)).free / 1e9, NEEDED_GB[torch]
        if free < needed:
            text = (
                f"the disk is full: {free:.1f} GB are free at {folder}, {needed:.1f} GB are needed. Make room"
            )
            smaller = f" or, without an NVIDIA GPU, add TORCH=cpu to the command ({NEEDED_GB['cpu']:.1f} GB)"
            raise SetupError(text + (smaller if needed > NEEDED_GB["cpu"] else "") + ".")


def rebuild(fault: str) -> None:
    """Make an empty environment that holds pip only."""
    existed = os.path.lexists(str(VENV))
    print(f"Making .venv again: {fault}" if existed else f"Making .venv in {ROOT}", flush=True)
    if importlib.util.find_spec("ensurepip") is None:
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        raise SetupError(f"{sys.executable} lacks venv. On Debian and Ubuntu: sudo apt install {package}")
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif existed:
        shutil.rmtree(str(VENV))
    VENV.mkdir()
    write_stamp({"complete": False})
    # Never the interpreter of the environment that was just removed.
    run(
        "an empty environment",
        [getattr(sys, "_base_executable", "") or sys.executable, "-m", "venv", str(VENV)],
    )


def install_uv() -> None:
    """Install the pinned uv: it brings everything else several times faster than pip."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pin = next(line for line in pins if line.startswith("uv=="))
    if (SITE_PACKAGES / (pin.replace("==", "-") + ".dist-info")).is_dir() and (SITE_PACKAGES / "uv").is_dir():
        return
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    run(pin, [*pip, "--retries", "2", "--timeout", "20", "--only-binary", "uv", "--force-reinstall", pin])


def install(extras: list, torch: str, again: list, switched: bool) -> None:
    """Install the project, editable, with its extras under the tested pins, or the other torch."""
    command = [str(VENV_PYTHON), "-m", "uv", "pip", "install", "--python", str(VENV_PYTHON)]
    command += ["--constraints", "constraints.txt", "--build-constraints", "constraints.txt"]
    command += ["--torch-backend", "cpu"] if torch == "cpu" else []
    if switched:  # and take away the gigabytes of CUDA that nothing needs any more
        again = [*again, "torch", "torchvision"]
        command += ["--exact", "pip", "uv"]
    command += [f"--reinstall-package={name}" for name in again]
    command += ["--editable", f".[{','.join(extras)}]"]
    try:
        run("the packages", command, uv_environment())
    except NetworkAway as error:
        try:  # uv's cache may hold all of it
            run("the packages, from the cache", [*command, "--offline"], uv_environment())
        except SetupError:
            raise error from None


def quiet_lab() -> None:
    """Keep JupyterLab from asking about news and from looking for its own updates: it works offline."""
    settings = {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
    }
    folder = VENV / "etc" / "jupyter" / "labconfig"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "default_setting_overrides.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")


def uv_environment() -> dict:
    """Return the environment for uv, with the certificate, index and proxy that pip is configured to use."""
    environment = dict(os.environ)
    asked = [str(VENV_PYTHON), "-m", "pip", "config", "list"]
    settings = subprocess.run(asked, stdout=PIPE, stderr=DEVNULL).stdout.decode(errors="replace")
    # Lines like  :env:.cert='/etc/company.pem'  come before those like  global.cert='...', and win.
    for setting, variable in (
        ("cert", "SSL_CERT_FILE"),
        ("index-url", "UV_DEFAULT_INDEX"),
        ("proxy", "ALL_PROXY"),
    ):
        value = re.search(rf"^\S+\.{setting}='(.+)'$", settings, re.MULTILINE)
        if value:
            environment.setdefault(variable, value.group(1))
    if "SSL_CERT_FILE" not in environment:
        environment.setdefault("UV_SYSTEM_CERTS", "true")
    return environment


def run(label: str, command: list, environment: "dict | None" = None) -> None:
    """Run a command quietly, on a terminal with running seconds and bytes; raise SetupError if it fails."""
    started, free, output = time.time(), shutil.disk_usage(str(ROOT)).free, None
    process = subprocess.Popen(command, cwd=str(ROOT), env=environment, stdout=PIPE, stderr=STDOUT)
    while output is None:
        try:
            output = process.communicate(timeout=1)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            if sys.stdout.isatty():
                written = max(0.0, (free - shutil.disk_usage(str(ROOT)).free) / 1e9)
                print(f"  {label} ... {time.time() - started:.0f} s, {written:.1f} GB", end="\r", flush=True)
    if process.returncode:
        raise explain(output)
    print(
        f"  {label}: {time.time() - started:.1f} s".ljust(60).rstrip() + " " * 20 * sys.stdout.isatty(),
        flush=True,
    )


def explain(output: str) -> SetupError:
    """Return an error with one line for what went wrong, from what pip or uv printed."""
    host = re.search(r"https?://(?:[^/@\s]*@)?([^/:\s'\"]+)", output)
    where = host.group(1) if host else "the package index"
    if re.search(DISK_FULL, output):
        free = shutil.disk_usage(str(ROOT)).free / 1e9
        return SetupError(
            f"the disk is full ({free:.1f} GB are free at {ROOT}). Make room and run this again."
        )
    if re.search(UNTRUSTED, output):
        return NetworkAway(
            f"the certificate of {where} is not trusted. Let SSL_CERT_FILE name your network's own."
        )
    if re.search(UNREACHABLE, output):
        return NetworkAway(
            f"the network is away: no way to {where}. Connect, or set HTTPS_PROXY, and run this again."
        )
    return SetupError(
        "the installer failed. `make clean` first may help. It said:\n" + output.strip()[-1500:]
    )


if __name__ == "__main__":
    sys.exit(main())
