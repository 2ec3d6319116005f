#!/bin/sh
# Print the path of a Python 3.11 or newer that can make virtual environments,
# or one line that says which command repairs the machine.
set -u

no_venv=
for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
    command -v "$name" >/dev/null 2>&1 || continue
    # A name may be there and refuse to run (version managers' shims): only a run tells.
    version=$("$name" -c 'import sys
if sys.version_info >= (3, 11): print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    [ -n "$version" ] || continue
    if "$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        "$name" -c 'import sys; print(sys.executable)'
        exit 0
    fi
    no_venv=${no_venv:-$version}
done

if command -v apt-get >/dev/null 2>&1; then
    sudo=
    [ "$(id -u)" = 0 ] || sudo='sudo '
    repair="${sudo}apt-get update && ${sudo}apt-get install -y python3 python3-venv"
    # Beside the distribution's own Python, each version has its own venv package.
    [ -z "$no_venv" ] || repair="${sudo}apt-get update && ${sudo}apt-get install -y python${no_venv}-venv"
elif command -v dnf >/dev/null 2>&1; then
    repair='sudo dnf install -y python3.11'
elif command -v brew >/dev/null 2>&1; then
    repair='brew install python@3.13'
else
    repair='installez Python 3.11 ou plus récent / install Python 3.11 or newer'
fi
if [ -n "$no_venv" ]; then
    echo "Il manque le module venv de Python $no_venv / Python's venv module is missing: $repair" >&2
else
    echo "Il manque Python 3.11 ou plus récent / Python 3.11 or newer is missing: $repair" >&2
fi
exit 1
