#!/usr/bin/env bash
# Debian's SLURM, for `make test-slurm`. Does nothing, and needs no rights, when it is there.
set -euo pipefail

packages=(slurmctld slurmd slurm-client munge)
missing=()
for package in "${packages[@]}"; do
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
        missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then
    echo "Debian packages are there: ${packages[*]}"
    exit 0
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "These Debian packages are missing, and installing them needs root: ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
wait_for_lock=(-o DPkg::Lock::Timeout=600)
"${as_root[@]}" apt-get "${wait_for_lock[@]}" update
"${as_root[@]}" apt-get "${wait_for_lock[@]}" install --yes --no-install-recommends "${missing[@]}"
