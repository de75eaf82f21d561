#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# debian13.sh: build the tree in a Debian 13 of its own and run its tests against the libraries
# found there. The system is made once, outside the tree, in $JALON_DEBIAN13 (by default
# ~/.cache/jalon-debian13) and kept. Needs root for debootstrap and chroot. The last line is the
# count.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || exec sudo --preserve-env=JALON_DEBIAN13,XDG_CACHE_HOME,HOME sh tests/debian13.sh
root=${JALON_DEBIAN13:-${XDG_CACHE_HOME:-$HOME/.cache}/jalon-debian13}
# The pages come from no library of the system: they are built and tried on Debian 12.
packages=$(sed -n 's/^\(build\|test\) \([^ ]*\).*/\2/p' tests/packages.txt | grep -vx 'nodejs\|npm')
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# The archive this machine uses itself; debootstrap has a default when it says none.
mirror() {
    # shellcheck disable=SC2016 # the format is apt's
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' \
        2>/dev/null | head -n 1
}

if [ -z "${http_proxy:-}" ]; then
    eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
    [ -z "${http_proxy:-}" ] || export http_proxy
fi

if [ ! -e "$root/made" ]; then
    echo "Debian 13: making $root"
    command -v debootstrap >/dev/null || {
        apt-get -q update
        apt-get -qy install --no-install-recommends debootstrap debian-archive-keyring
    }
    rm -rf "$root"
    mkdir -p "$root"
    # shellcheck disable=SC2046 # no word when there is no mirror
    debootstrap --variant=minbase trixie "$root/system" $(mirror) >"$root/debootstrap.log" 2>&1 || {
        tail -n 20 "$root/debootstrap.log"
        exit 1
    }
    touch "$root/made"
fi

# In the new system, with /proc and /dev of this run only.
inside() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount --fork sh -c '
        mount --make-rprivate /
        mount -t proc proc "$1/proc" 2>/dev/null
        mount --rbind /dev "$1/dev" 2>/dev/null
        system=$1
        shift
        exec chroot "$system" "$@"' inside "$root/system" env -i \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive ${http_proxy:+"http_proxy=$http_proxy"} "$@"
}

if [ "$(cat "$root/packages" 2>/dev/null)" != "$packages" ]; then
    echo "Debian 13: installing the packages"
    cp /etc/resolv.conf "$root/system/etc/resolv.conf" 2>/dev/null || true
    # shellcheck disable=SC2086 # a list of words
    { inside apt-get -q update && inside apt-get -qy install --no-install-recommends $packages; } \
        >"$root/packages.log" 2>&1 || {
        tail -n 20 "$root/packages.log"
        exit 1
    }
    echo "$packages" >"$root/packages"
fi

# debootstrap leaves naming the machine itself to an installer.
[ -e "$root/system/etc/hosts" ] ||
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/system/etc/hosts"
fresh=$root/system/tmp/jalon
rm -rf "$fresh"
mkdir -p "$fresh"
trap 'rm -rf "$fresh"' EXIT
tar --exclude=./build --exclude=./.git -cf - . | tar -C "$fresh" -xf -

# Package, and how the version it must have begins.
while read -r package version; do
    # shellcheck disable=SC2016 # the format is dpkg's
    found=$(inside dpkg-query -W -f '${Version}' "$package")
    echo "Debian 13: $package $found"
    case $found in
    "$version"*) ;;
    *)
        echo "Debian 13: expected $package $version" >&2
        exit 1
        ;;
    esac
done <<'LIST'
libmbedtls-dev 3.6
libsqlite3-dev 3.46
libuv1-dev 1.50
libmsgpack-c-dev 6
gcc 4:14
LIST

inside sh -c 'cd /tmp/jalon && cmake --preset debug -DWITH_WEB=OFF && cmake --build --preset debug' \
    >"$root/build.log" 2>&1 || {
    tail -n 60 "$root/build.log"
    exit 1
}
echo "Debian 13: built"
# What asks the same of our own code in many rounds was asked of the optimized build.
status=0
inside sh -c 'cd /tmp/jalon && ctest --preset debug --no-tests=error -j 2 \
    -R "^(unit|property|golden)/" -E "_torture$|^property/converge$"' >"$root/tests.log" 2>&1 || status=$?
if [ $status -ne 0 ]; then
    tail -n 100 "$root/tests.log"
fi
awk '/ tests? passed, [0-9]+ tests? failed out of / {
        for (i = 2; i < NF; i++) if ($(i + 1) == "failed") f = $(i - 1)
        p = $NF - f }
    END { if (p + f == 0) f = 1; printf "%d passed, %d failed\n", p, f }' "$root/tests.log"
exit $status
