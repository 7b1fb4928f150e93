"""A standalone cluster of Spark on this machine: a master and two workers, each a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyspark

WORKERS = 2
#: MiB of each worker, all of it for its one executor.
WORKER_MB = 1024
_PATIENCE = 120


@dataclass
class Cluster:
    """A running cluster.

    Attributes
    ----------
    master
        Its address.
    folder
        Where its processes log and work.
    workers
        Their processes.
    """

    folder: Path
    master: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a process of the cluster."""
        environment = {
            **os.environ,
            "SPARK_NO_DAEMONIZE": "1",
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_HOME": str(Path(pyspark.__file__).parent),
        }
        script = Path(pyspark.__file__).parent / "bin" / "spark-class"
        log = (self.folder / f"{name}.log").open("wb")
        process = subprocess.Popen(
            [str(script), *arguments], env=environment, stdout=log, stderr=log,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        log.close()
        self.processes.append(process)
        return process

    def log(self, name: str) -> str:
        """Give what a process said so far."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def wait_for(self, name: str, pattern: str) -> re.Match[str]:
        """Wait until a process says something."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            found = re.search(pattern, self.log(name))
            if found:
                return found
            time.sleep(0.1)
        raise AssertionError(f"{name} never said {pattern}: {self.log(name)[-2000:]}")

    def add_worker(self) -> None:
        """Start one more worker."""
        name = f"worker-{len(self.workers)}"
        self.workers.append(
            self.start(
                name, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1",
                "--cores", "1", "--memory", f"{WORKER_MB}m", "--webui-port", "0",
                "--work-dir", str(self.folder / name), self.master,
            )
        )  # fmt: skip
        self.wait_for(name, "Successfully registered with master")

    def kill_worker(self, number: int) -> list[int]:
        """Kill a worker and what it runs, as a machine that loses its power; give their ids."""
        worker = self.workers[number]
        killed = [*children_of(worker.pid), worker.pid]
        for process in killed:
            os.kill(process, signal.SIGKILL)
        worker.wait()
        return killed

    def stop(self) -> None:
        """End every process that still runs."""
        for process in reversed(self.processes):
            for child in children_of(process.pid):
                os.kill(child, signal.SIGTERM)
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def children_of(process: int) -> list[int]:
    """Give the processes that a process started, and those they did."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in task.read_text(encoding="ascii").split():
            found += [*children_of(int(child)), int(child)]
    return found


@contextmanager
def cluster_in(folder: Path) -> Iterator[Cluster]:
    """Run a cluster while the block does."""
    cluster = Cluster(folder)
    try:
        cluster.start(
            "master", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1",
            "--port", "0", "--webui-port", "0",
        )  # fmt: skip
        cluster.master = cluster.wait_for("master", r"(spark://127\.0\.0\.1:\d+)").group(1)
        cluster.wait_for("master", "state: ALIVE")
        for _ in range(WORKERS):
            cluster.add_worker()
        yield cluster
    finally:
        cluster.stop()
