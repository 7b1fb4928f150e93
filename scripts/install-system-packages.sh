#!/usr/bin/env bash
# Debian packages behind the tests marked `system`: Java for Spark; Chromium, a font, without which it
# draws no text, and poppler, which reads its PDF, for the report page; R for the statistics;
# PostgreSQL for the reader of hospital databases.
# Does nothing, and needs no rights, when all of them are there.
set -euo pipefail

packages=(openjdk-17-jre-headless chromium fonts-liberation poppler-utils r-base-core postgresql)
for name in brglm2 epitools gee geepack mice msm numderiv sandwich survey survival; do
    packages+=("r-cran-$name")
done

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then
    echo "Debian packages are there: ${packages[*]}"
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "These Debian packages are missing: ${missing[*]}" >&2
        echo "Installing them needs root or sudo. Ask an administrator to install them, then try again." >&2
        exit 1
    fi
    as_root=(sudo)
fi

export DEBIAN_FRONTEND=noninteractive
# Another apt may be at work, as on a machine that has just started: wait for it, up to ten minutes.
wait_for_lock=(-o DPkg::Lock::Timeout=600)
"${as_root[@]}" apt-get "${wait_for_lock[@]}" update
"${as_root[@]}" apt-get "${wait_for_lock[@]}" install --yes --no-install-recommends "${missing[@]}"
