#!/bin/sh
# Finds a Chromium for the browser tests, or installs Debian's where that may be done; says what it could not do.
set -u
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
say() { printf '%s\n' "browser: $*; the browser tests will be skipped"; }
command -v apt-get >/dev/null 2>&1 || { say "no chromium, and no apt-get to install it with"; exit 0; }
[ "$(id -u)" = 0 ] || { say "no chromium (as root: apt-get install chromium)"; exit 0; }
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 ||
    say "chromium could not be installed"
exit 0
