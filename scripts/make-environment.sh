#!/usr/bin/env bash
# Makes a virtual environment from a lock: scripts/make-environment.sh FOLDER LOCK
#
# Every file that is installed, the installer among them, is checked against the lock's hashes.
# The folder is made anew and is taken away again if anything fails, so none is left half made.
# PYTHON names the interpreter (default: python3).
set -euo pipefail

folder=$1
lock=$2
python=${PYTHON:-python3}

fail() {
    printf 'Set-up stopped: %s\n' "$1" >&2
    printf 'Try: %s\n' "$2" >&2
    exit 1
}

command -v "$python" >/dev/null ||
    fail "there is no '$python' here." "apt-get install python3 python3-venv, or name one: make setup PYTHON=/path/to/python3.11"

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "'$python' is older than 3.11, or does not run." "make setup PYTHON=/path/to/python3.11"

# An active environment would offer its own Python, which may be the one about to be replaced.
python=$("$python" -c 'import sys; print(getattr(sys, "_base_executable", sys.executable))')

"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python cannot make virtual environments (Debian packs that part separately)." "apt-get install python3-venv"

remove_half_made() {
    rm -rf "$folder"
    printf 'Set-up of %s did not finish; nothing of it was kept. The reason stands above.\n' "$folder" >&2
}
trap remove_half_made EXIT

printf 'Set-up: %s from %s ...\n' "$folder" "$lock"
rm -rf "$folder"
"$python" -m venv "$folder"

# The installer's own entry of the lock, with its hashes: from its line to the first that does not go on.
awk '/^uv==/ { found = 1 } found { print } found && !/\\$/ { exit }' requirements.lock >"$folder/installer.lock"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$folder/installer.lock"
"$folder/bin/uv" pip install --quiet --python "$folder/bin/python" --require-hashes -r "$lock"

trap - EXIT
