#!/usr/bin/env bash
# Runs a command beside a SLURM of this machine alone: scripts/with-slurm.sh COMMAND...
#
# Needs root and Debian's packages (scripts/install-slurm.sh). A machine that has a SLURM is left as
# it is: the command is refused. What is started here ends here, and the configuration goes too.
# No systemd, no cgroups, no accounts: it runs in a container.
set -euo pipefail

conf=/etc/slurm/slurm.conf

fail() {
    printf 'SLURM was not started: %s\n' "$1" >&2
    exit 1
}

[ "$(id -u)" -eq 0 ] || fail "only root can; try it in a container."
[ ! -e "$conf" ] || fail "this machine has one ($conf). Use that: snakemake --workflow-profile profiles/slurm"
command -v slurmctld >/dev/null || fail "it is not installed: scripts/install-slurm.sh"

state=$(mktemp -d /tmp/trdanalysis-slurm.XXXXXX)

end() {
    scancel --quiet --user=root 2>/dev/null || true
    for name in slurmd slurmctld munged; do
        [ -f "$state/$name.pid" ] || continue
        process=$(cat "$state/$name.pid")
        kill "$process" 2>/dev/null || true
        for _ in $(seq 50); do
            kill -0 "$process" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "$process" 2>/dev/null || true
    done
    rm -f "$conf"
    rm -rf "$state"
}
trap end EXIT

mkdir -p /etc/slurm "$state/ctld" "$state/d" "$state/munge"
cat >"$conf" <<END
ClusterName=trdanalysis
SlurmctldHost=localhost
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$state/munge/socket
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MpiDefault=none
ReturnToService=2
MinJobAge=3600
StateSaveLocation=$state/ctld
SlurmdSpoolDir=$state/d
SlurmctldPidFile=$state/slurmctld.pid
SlurmdPidFile=$state/slurmd.pid
SlurmctldLogFile=$state/slurmctld.log
SlurmdLogFile=$state/slurmd.log
NodeName=localhost CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ { print int($2 / 1024) - 500 }' /proc/meminfo) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END

# A key of its own, which goes with the rest.
chmod 0755 "$state"
head -c 1024 /dev/urandom >"$state/munge/key"
chmod 0400 "$state/munge/key"
chown -R munge: "$state/munge"
chmod 0755 "$state/munge"
runuser -u munge -- munged --key-file="$state/munge/key" --socket="$state/munge/socket" \
    --pid-file="$state/munge/munged.pid" --log-file="$state/munge/log" --seed-file="$state/munge/seed"
cp "$state/munge/munged.pid" "$state/munged.pid"
slurmctld
slurmd
for _ in $(seq 100); do
    [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ] && break
    sleep 0.2
done
[ "$(sinfo --noheader --format=%T)" = idle ] || {
    tail -n 20 "$state"/*.log >&2
    fail "the node does not come up, see above."
}
sinfo
status=0
"$@" || status=$?
exit "$status"
