#!/bin/sh
# Check style, types, imports and templates; every check runs, then the failed ones are named.
set -u
cd "$(dirname -- "$0")/.."

failed=
check() {
    name=$1
    shift
    echo "→ $name"
    "$@" || failed="$failed $name,"
}
bin=.venv/bin
check 'ruff check' "$bin/ruff" check .
check 'ruff format' "$bin/ruff" format --check .
check mypy "$bin/mypy"
check lint-imports "$bin/lint-imports" --no-logo
[ ! -d templates ] || check djlint "$bin/djlint" --lint --quiet templates

[ -z "$failed" ] && echo 'Tout est en ordre.' && exit 0
echo "En échec :${failed%,}." >&2
exit 1
