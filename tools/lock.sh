#!/bin/sh
# Write the Python lock files again from pyproject.toml, for every Python and system we support.
# Arguments go to uv: `sh tools/lock.sh --upgrade` takes the newest versions allowed.
set -eu
cd "$(dirname -- "$0")/.."

if ! command -v uv >/dev/null 2>&1; then
    temporary=$(mktemp -d)
    trap 'rm -rf "$temporary"' EXIT
    .venv/bin/python -m venv "$temporary/venv"
    "$temporary/venv/bin/pip" -qq install uv
    PATH="$temporary/venv/bin:$PATH"
fi
# A local folder of wheels would not be there on another machine.
unset PIP_FIND_LINKS UV_FIND_LINKS
compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-annotate --no-header pyproject.toml "$@"
}
compile --output-file requirements.lock "$@"
compile --extra dev --constraint requirements.lock --output-file requirements-dev.lock "$@"
