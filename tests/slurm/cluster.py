"""A SLURM cluster of one node on the loopback, with its own munge, ports and folder; it touches nothing else.

python tests/slurm/cluster.py FOLDER    # starts it, says how to reach it, and ends it on Ctrl-C
"""

import contextlib
import ctypes
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo", "srun")
PACKAGES = ("slurm-wlm", "munge")
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
CONFIG = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
# Without accounting, and memory watched by sampling: a job that takes more than it asked for is killed. Memory that
# forks share counts once, as it does where control groups watch.
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,UsePss
# More processors than the machine may have; the rest as a site has it, but quicker.
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=1,sched_interval=1,bf_interval=1
ReturnToService=2
MinJobAge=300
KillWait=2
OverTimeLimit=0
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 Port={node_port} CPUs={cpus} RealMemory={memory_mb} State=UNKNOWN
PartitionName=other Nodes=node1 Default=YES MaxTime=INFINITE State=UP
PartitionName=cortex Nodes=node1 MaxTime=1-00:00:00 State=UP
"""


def missing_programs():
    """Names of the programs that a cluster needs and this machine lacks."""
    return [name for name in PROGRAMS if program(name) is None]


def program(name):
    """Path of a program, also where a user's PATH leaves out /usr/sbin."""
    return shutil.which(name, path=os.pathsep.join([*os.get_exec_path(), *SYSTEM_FOLDERS]))


def install():
    """Install what is missing with Debian's packages; RuntimeError where that is not for this user or system."""
    missing = missing_programs()
    if not missing:
        return
    wanted = f"{', '.join(missing)} not found; needed are Debian's packages {' and '.join(PACKAGES)}"
    if os.geteuid() != 0:
        raise RuntimeError(f"{wanted}: sudo apt-get install {' '.join(PACKAGES)}")
    if shutil.which("apt-get") is None:
        raise RuntimeError(f"{wanted}, and apt-get is not there: install them by hand")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        subprocess.run(["apt-get", "--quiet", "--quiet", *command], env=environment, check=True)


def free_port():
    """A TCP port of the loopback that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def end_with_parent():
    """Have the kernel end this process with the one that started it, however that ends."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


class Cluster:
    """Start munged, slurmctld and slurmd in a folder; on leaving, end them and every job.

    Parameters
    ----------
    folder : path
        Not longer than a socket's name allows (about 80 characters).
    cpus, memory_mb : int
        Of the one node. SLURM counts them; the machine may have fewer.
    """

    def __init__(self, folder, cpus=4, memory_mb=8000):
        self.folder = Path(folder).resolve()
        self.cpus, self.memory_mb = cpus, memory_mb
        self.daemons = {}
        self.environment = {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": os.pathsep.join([str(self.folder / "bin"), *os.get_exec_path(), *SYSTEM_FOLDERS]),
        }

    def __enter__(self):
        missing = missing_programs()
        if missing:
            raise RuntimeError(f"{', '.join(missing)} not found: make test-slurm installs them")
        for name in ("state", "spool", "bin"):
            (self.folder / name).mkdir(parents=True)
        # The executor calls srun inside a job without the variables of SLURM, where a site has its slurm.conf in /etc.
        srun = self.folder / "bin" / "srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {program("srun")} "$@"\n')
        srun.chmod(0o755)
        (self.folder / "slurm.conf").write_text(
            CONFIG.format(
                folder=self.folder,
                host=socket.gethostname(),
                user=getpass.getuser(),
                controller_port=free_port(),
                node_port=free_port(),
                cpus=self.cpus,
                memory_mb=self.memory_mb,
            )
        )
        try:
            self._start_munge()
            self.start_controller()
            self._start("slurmd", "-D", "-N", "node1")
            self.wait_for(lambda: self.ask("sinfo", "-h", "-o", "%T", "-n", "node1").split()[:1] == ["idle"], "node1")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        """End the jobs, then the daemons, the last started first; SIGKILL for what does not listen."""
        if "slurmctld" in self.daemons and self.daemons["slurmctld"].poll() is None:
            self.ask("scancel", "--full", "--user", getpass.getuser(), check=False)
            self.wait_for(lambda: not self.ask("squeue", "-h", check=False), "jobs to end", 15, give_up=True)
        for name in ("slurmd", "slurmctld", "munged"):
            self._stop(name)

    def ask(self, *command, check=True):
        """What a SLURM command says."""
        environment = os.environ | self.environment
        done = subprocess.run(
            [program(command[0]), *command[1:]], env=environment, capture_output=True, text=True, timeout=60
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def jobs(self):
        """Every job that the controller remembers: a list of dicts of scontrol's fields."""
        lines = [line for line in self.ask("scontrol", "show", "job", "-o").splitlines() if "JobId=" in line]
        return [dict(part.split("=", 1) for part in line.split(" ") if "=" in part) for line in lines]

    def start_controller(self):
        """Start slurmctld, and wait until it answers."""
        self._start("slurmctld", "-D")
        self.wait_for(lambda: "is UP" in self.ask("scontrol", "ping", check=False), "slurmctld")

    def stop_controller(self):
        """End slurmctld; jobs run on."""
        self._stop("slurmctld")

    def _start_munge(self):
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        # Munge wants folders that others cannot write to.
        self.folder.chmod(0o755)
        options = {"key-file": key, "socket": "munge.socket", "pid-file": "munge.pid", "seed-file": "munge.seed"}
        arguments = [f"--{name}={self.folder / value}" for name, value in options.items()]
        self._start("munged", "--foreground", "--force", "--num-threads=2", *arguments)
        self.wait_for((self.folder / "munge.socket").exists, "munged")

    def _start(self, name, *arguments):
        with (self.folder / f"{name}.out").open("a") as out:
            self.daemons[name] = subprocess.Popen(
                [program(name), *arguments],
                env=os.environ | self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def _stop(self, name):
        daemon = self.daemons.pop(name, None)
        if daemon is None or daemon.poll() is not None:
            return
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def wait_for(self, ready, what, seconds=30, give_up=False):
        """Wait until ``ready()``; RuntimeError when it takes longer or a daemon has ended."""
        end = time.monotonic() + seconds
        while not ready():
            ended = [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
            if give_up and time.monotonic() > end:
                return
            if ended or time.monotonic() > end:
                said = "\n".join(path.read_text()[-2000:] for path in sorted(self.folder.glob("*.out")))
                raise RuntimeError(f"{what} did not come up; ended: {', '.join(ended) or 'none'}\n{said}")
            time.sleep(0.1)


def main():
    if sys.argv[1:] == ["--install"]:
        try:
            return install()
        except (RuntimeError, subprocess.CalledProcessError) as error:
            sys.exit(str(error))
    with Cluster(sys.argv[1]) as cluster:
        print(*(f"export {name}={value}" for name, value in cluster.environment.items()), sep="\n", flush=True)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
