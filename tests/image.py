"""The Dockerfile and docker-compose.yml, executed line by line with the users of the image.

The tests need no container engine. In place of Docker's /app and /venv, an Image has folders with
these names. RUN runs as root, and everything after USER runs as that user, without root's groups
and rights. The tests read the real files, so a changed line is tested at once.
"""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
# Commands that would change this machine instead of the image's folders: replaced by `true`.
NOT_HERE = ["useradd", "groupadd", "apt-get", "rm"]

needs_root = pytest.mark.skipif(
    os.getuid() != 0, reason="Only root can become the users of the image: run the tests as root."
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def folder():
    """A folder that every user may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="pressroom-image-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile's last stage."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line[:1] != "#"]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    last = joined[joined.rindex("\nFROM ") + 1 :]
    return [tuple(line.split(None, 1)) for line in last.splitlines() if line.strip()]


def is_left_out(path: str) -> bool:
    """Return whether .dockerignore excludes a path or one of its parent folders."""
    for pattern in (ROOT / ".dockerignore").read_text().split():
        shape = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if re.fullmatch(f"{shape}(?:/.*)?", path):
            return True
    return False


class Image:
    """The result of `docker build` for a checkout, in the folder `root`."""

    def __init__(self, root: Path, checkout: Path):
        self.root, self.checkout = root, checkout
        self.environment = {"PATH": os.environ["PATH"]}
        self.here = root
        self.users: dict[str, int] = {}
        self.user = 0
        self.volumes: list[Path] = []
        self._idle = root / "idle"
        self._idle.mkdir()
        for name in NOT_HERE:
            (self._idle / name).symlink_to("/bin/true")
        for name, rest in instructions():
            getattr(self, f"_{name.lower()}")(rest)

    def place(self, text: str) -> str:
        """Return a text with the paths of the image replaced by those below `root`."""
        return re.sub(r"(?<![\w./-])/(?=(?:app|venv)\b)", f"{self.root}/", text)

    def start(self, command: list[str], **options) -> subprocess.Popen:
        """Start a command as the image's user, in its folder."""
        more = options.pop("environment", {})
        return subprocess.Popen(
            command, cwd=self.here, env=self.environment | more, umask=0o022,
            user=self.user, group=self.user, extra_groups=[], text=True, **options,
        )  # fmt: skip

    def run(self, command: list[str], typed="", **environment) -> subprocess.CompletedProcess:
        pipes = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.PIPE)
        process = self.start(command, environment=environment, **pipes)
        out, errors = process.communicate(typed, timeout=120)
        return subprocess.CompletedProcess(command, process.returncode, out, errors)

    def make_read_only(self) -> None:
        """Let the image's user write only to the volumes."""
        for path in [self.root / "app", *(self.root / "app").rglob("*")]:
            if not any(path.is_relative_to(volume) for volume in self.volumes):
                os.chown(path, 0, 0, follow_symlinks=False)
        assert self.run(["sh", "-c", "touch x || touch var/x || touch var/static/x"]).returncode

    # --- One method for each instruction -------------------------------------------------------

    def _from(self, rest):
        assert rest.startswith("python:3.11-")

    def _arg(self, rest):
        name, _, value = rest.partition("=")
        self.environment.setdefault(name, value)

    def _env(self, rest):
        for pair in shlex.split(self.place(rest)):
            name, value = pair.split("=", 1)
            for known, there in list(self.environment.items()):
                value = value.replace(f"${known}", there)
            self.environment[name] = value

    def _run(self, rest):
        for uid, name in re.findall(r"useradd\b.*? --uid (\d+)\b.*? (\w+)(?: |$)", rest):
            self.users[name] = int(uid)
        script = self.place(rest)
        for name, uid in self.users.items():
            script = re.sub(rf"(?<=-o ){name}\b", str(uid), script)
        environment = self.environment | {"PATH": f"{self._idle}:{self.environment['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", script], cwd=self.here, env=environment, umask=0o022,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"RUN {rest}\n{done.stdout}{done.stderr}"

    def _workdir(self, rest):
        self.here = Path(self.place(rest))
        self.here.mkdir(exist_ok=True)

    def _copy(self, rest):
        if rest == "--from=build /venv /venv":
            return self._packages()
        assert rest == ". .", rest
        for folder_name, folders, files in os.walk(self.checkout):
            inside = Path(folder_name).relative_to(self.checkout)
            folders[:] = [name for name in folders if not is_left_out(str(inside / name))]
            (self.here / inside).mkdir(exist_ok=True)
            for name in files:
                if not is_left_out(str(inside / name)):
                    shutil.copy(self.checkout / inside / name, self.here / inside / name)
            # Docker keeps permissions. These are the ones of a checkout with umask 077.
            for path in [self.here / inside, *(self.here / inside / name for name in files)]:
                if path.exists() and path != self.here:
                    path.chmod(path.stat().st_mode & 0o700)
        return None

    def _packages(self):
        """Make /venv from the packages of this suite and a Python that every user may run."""
        packages, scripts = self.root / f"venv/lib/python{VERSION}", self.root / "venv/bin"
        packages.mkdir(parents=True)
        scripts.mkdir()
        base = self._python_for_everybody()
        (scripts / "python").symlink_to(base)
        (self.root / "venv/pyvenv.cfg").write_text(f"home = {base.parent}\n")
        site = Path(sysconfig.get_path("purelib"))
        try:
            subprocess.run(["ls", site], user=65534, group=65534, extra_groups=[], check=True,
                           capture_output=True)  # fmt: skip
            (packages / "site-packages").symlink_to(site)
        except subprocess.CalledProcessError:
            shutil.copytree(site, packages / "site-packages")
        for script in Path(sys.executable).parent.iterdir():
            if script.is_file() and script.read_bytes().startswith(b"#!/") and script.suffix == "":
                text = script.read_text().split("\n", 1)[1]
                (scripts / script.name).write_text(f"#!{scripts / 'python'}\n{text}")
                (scripts / script.name).chmod(0o755)

    def _python_for_everybody(self) -> Path:
        """Return a Python of this version that other users may run. They may not see root's own."""
        found = [Path(f"{place}/python{VERSION}") for place in ("/usr/local/bin", "/usr/bin")]
        for python in [Path(os.path.realpath(sys.executable)), *found]:
            try:
                subprocess.run([python, "-c", "import ssl, sqlite3"], user=65534, group=65534,
                               extra_groups=[], check=True, capture_output=True)  # fmt: skip
            except (OSError, subprocess.CalledProcessError):
                continue
            return python
        pytest.skip(f"No Python {VERSION} that users other than root may run is installed.")

    def _user(self, rest):
        self.user = self.users[rest]

    def _volume(self, rest):
        self.volumes = [Path(self.place(volume)) for volume in json.loads(rest)]

    def _expose(self, rest):
        self.port = int(rest)

    def _healthcheck(self, rest):
        self.health = json.loads(rest[rest.index("[") :])

    def _cmd(self, rest):
        self.command = json.loads(rest)


# --- docker-compose.yml ------------------------------------------------------------------------


def compose(place: Path) -> dict:
    """Return docker-compose.yml as Docker Compose reads it with the .env file of a folder."""
    shutil.copy(ROOT / "docker-compose.yml", place)
    environment = {"PATH": os.environ["PATH"], "HOME": str(place)}
    asked = {"cwd": place, "env": environment, "capture_output": True, "text": True}
    if shutil.which("docker"):
        done = subprocess.run(["docker", "compose", "config", "--format", "json"], **asked)
        if done.returncode == 0:
            return json.loads(done.stdout)
    if not shutil.which("docker-compose"):
        pytest.skip("Docker Compose is not installed (on Debian: apt install docker-compose).")
    done = subprocess.run(["docker-compose", "config"], **asked)
    if done.returncode:
        raise ValueError(done.stderr)
    # The first line of Debian's script names a Python that has the yaml module.
    python = Path(shutil.which("docker-compose")).read_text().split("\n")[0][2:].strip()
    convert = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"
    as_json = subprocess.run(
        [python, "-c", convert], input=done.stdout, capture_output=True, text=True, check=True
    )
    # Compose prints a compose file, in which $ is written as $$.
    return json.loads(as_json.stdout.replace("$$", "$"))


@contextmanager
def postgres(environment: dict[str, str]):
    """Run a database server, set up as the postgres image does for these variables; yield its port.

    As with that image, connections need the password.
    """
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("PostgreSQL's server is not installed (on Debian: apt install postgresql).")
    port, as_nobody = free_port(), {"user": 65534, "group": 65534, "extra_groups": []}
    with folder() as place:
        os.chown(place, 65534, 65534)
        (place / "password").write_text(environment["POSTGRES_PASSWORD"] + "\n")
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": place}
        subprocess.run(
            [programs[-1], "-D", place / "data", "--auth=scram-sha-256", "--no-sync", "-E", "UTF8",
             "--username", environment["POSTGRES_USER"], f"--pwfile={place / 'password'}"],
            **quiet, **as_nobody,
        )  # fmt: skip
        control = [programs[-1].with_name("pg_ctl"), "-D", place / "data", "-w"]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {place} -c fsync=off"
        log = ["-l", place / "log"]
        subprocess.run([*control, *log, "-o", options, "start"], **quiet, **as_nobody)
        try:
            login = {
                "host": "127.0.0.1", "port": port, "dbname": "postgres", "autocommit": True,
                "user": environment["POSTGRES_USER"], "password": environment["POSTGRES_PASSWORD"],
            }  # fmt: skip
            with psycopg.connect(**login) as database:
                database.execute(f'CREATE DATABASE "{environment["POSTGRES_DB"]}"')
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(**login | {"password": "another"})
            yield port
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet, **as_nobody)
