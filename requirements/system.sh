#!/bin/sh
# Installs Debian's packages that some tests need, where that may be done, and says what it could not do.
set -u

updated=
# need PACKAGE CONSEQUENCE COMMAND...: one of the commands must be there, or the package that has it.
need() {
    package=$1 consequence=$2
    shift 2
    for name; do
        command -v "$name" >/dev/null 2>&1 && return
    done
    if ! command -v apt-get >/dev/null 2>&1; then
        printf '%s\n' "system: no $package, and no apt-get to install it with; $consequence"
    elif [ "$(id -u)" != 0 ]; then
        printf '%s\n' "system: no $package (as root: apt-get install $package); $consequence"
    else
        [ -n "$updated" ] || apt-get update -qq >/dev/null 2>&1
        updated=yes
        apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
            printf '%s\n' "system: $package could not be installed; $consequence"
    fi
}

need chromium "the browser tests will be skipped" chromium chromium-browser google-chrome
need bubblewrap "submissions run behind bare namespaces, where the kernel allows them" bwrap
exit 0
