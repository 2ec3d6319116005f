#!/bin/sh
# Run every test; arguments go to pytest. Without Chromium, say which tests are left out.
set -eu
cd "$(dirname -- "$0")/.."

pytest='.venv/bin/python -m pytest'
if ! sh tools/chromium.sh; then
    echo "Tests de bout en bout NON exécutés, faute de Chromium :"
    $pytest --collect-only -q -m e2e -p no:randomly tests 2>/dev/null | grep '::' || echo '  (aucun)'
    set -- -m 'not e2e' "$@"
fi
# One run, two processes; tests of one xdist group stay in one process.
exec $pytest -n 2 --dist loadgroup "$@"
