#!/bin/sh
# Make sure that Chromium is there for the end-to-end tests, through apt when that is allowed.
# Exit 0: it is there. Exit 1: it is not, and one line has said why.
set -u

found() { command -v chromium >/dev/null 2>&1 || [ -x /usr/bin/chromium ]; }
found && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Chromium est absent et cette machine n'a pas apt : installez « chromium » à la main." >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root() { env DEBIAN_FRONTEND=noninteractive "$@"; }
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root() { sudo -n env DEBIAN_FRONTEND=noninteractive "$@"; }
else
    echo "Chromium est absent. Pour l'installer : sudo apt-get install -y chromium" >&2
    exit 1
fi

echo "→ Installation de Chromium par apt…"
log=$(mktemp)
{
    as_root apt-get update -qq &&
        as_root apt-get install -y -qq --no-install-recommends chromium
} >"$log" 2>&1 </dev/null || tail -n 5 "$log" >&2
rm -f "$log"
found && exit 0
echo "Chromium n'a pas pu être installé par apt." >&2
exit 1
