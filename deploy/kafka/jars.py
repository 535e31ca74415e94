"""Brings Kafka's jars: Maven downloads them once, into a cache outside git."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "kafka"
DOWNLOAD_SECONDS_MAX = 300.0

# Resolving a parent into an empty repository is the least that must ask the registry.
PROBE = """<project><modelVersion>4.0.0</modelVersion>
<parent><groupId>org.apache</groupId><artifactId>apache</artifactId><version>30</version>
<relativePath/></parent><artifactId>probe</artifactId><packaging>pom</packaging></project>"""


class BrokerUnavailable(Exception):
    """No broker can run here, and why."""


def fetch_jars(
    cache: Path = CACHE,
    deadline_seconds: float = 20,
    *,
    environment: Mapping[str, str] = os.environ,
) -> Path:
    """The folder with Kafka's jars, downloaded by Maven if the cache does not have them.

    Whether the registry answers is decided within `deadline_seconds`; only then is the download
    given its time. Processes that ask together download once.
    """
    program_path("java", environment)
    version = _kafka_version()
    jars = cache.absolute() / version / "jars"
    if jars.is_dir():
        return jars
    maven = program_path("mvn", environment)
    jars.parent.mkdir(parents=True, exist_ok=True)
    with locked(jars.parent / "lock", deadline_seconds + DOWNLOAD_SECONDS_MAX):
        if not jars.is_dir():
            _probe_registry(maven, deadline_seconds, environment)
            _download(maven, jars, environment)
    return jars


@contextmanager
def locked(path: Path, seconds_max: float) -> Iterator[None]:
    """Hold `path` against other processes; raises BrokerUnavailable if they keep it."""
    deadline = time.monotonic() + seconds_max
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise BrokerUnavailable(f"another process keeps {path} locked") from None
                time.sleep(0.1)
        yield  # closing the file gives the lock back


def program_path(name: str, environment: Mapping[str, str]) -> str:
    """Where a program lies; raises BrokerUnavailable if it is not installed."""
    found = shutil.which(name, path=environment.get("PATH", ""))
    if not found:
        raise BrokerUnavailable(f"{name} is not installed")
    return found


def run_bounded(
    command: Sequence[str], seconds_max: float, environment: Mapping[str, str]
) -> tuple[int | None, str]:
    """Exit code (None: it took too long and was killed, with its children) and output."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(seconds_max)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            # Also on Ctrl-C, and for children that outlive a script.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        return code, output.read().decode(errors="replace").strip()


def brief(output: str) -> str:
    """A program's output as one plain line that fits into a reason."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", output).split())[:300]


def _kafka_version() -> str:
    found = re.search(r"<kafka\.version>(.+?)</", (HERE / "pom.xml").read_text("utf-8"))
    if not found:
        raise BrokerUnavailable("pom.xml names no kafka.version")
    return found[1]


def _probe_registry(maven: str, seconds_max: float, environment: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="hotline-kafka-") as folder:
        probe = Path(folder) / "pom.xml"
        probe.write_text(PROBE, "utf-8")
        command = [maven, "-q", "-B", "-f", str(probe), f"-Dmaven.repo.local={folder}/repository"]
        code, output = run_bounded([*command, "validate"], seconds_max, environment)
    if code is None:
        raise BrokerUnavailable(f"Maven's registry did not answer within {seconds_max:g} seconds")
    if code != 0:
        raise BrokerUnavailable(f"Maven's registry cannot be reached: {brief(output)}")


def _download(maven: str, jars: Path, environment: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="jars-", dir=jars.parent) as folder:
        complete = Path(folder) / "jars"
        command = [maven, "-q", "-B", "--strict-checksums", "-f", str(HERE / "pom.xml")]
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={complete}"]
        code, output = run_bounded([*command, *goal], DOWNLOAD_SECONDS_MAX, environment)
        if code is None:
            raise BrokerUnavailable(f"the download took over {DOWNLOAD_SECONDS_MAX:g} seconds")
        if code != 0:
            raise BrokerUnavailable(f"Maven could not fetch Kafka: {brief(output)}")
        complete.rename(jars)  # whole or not at all
