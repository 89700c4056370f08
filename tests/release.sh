#!/usr/bin/env bash
# Makes targets in another Debian release, in a folder of its own: release.sh RELEASE FOLDER TARGET...
#
# debootstrap fills the folder once, with packages from where this system has its own; later runs use
# it again. The sources are copied there as git has them in the working tree. Needs root. Mounts live
# in a namespace of their own and go with it.
set -euo pipefail

cd "$(dirname "$0")/.."
release=$1 root=$2
shift 2

[ "$(id -u)" -eq 0 ] || {
    echo "release.sh: needs root" >&2
    exit 1
}
command -v debootstrap >/dev/null || {
    echo "release.sh: debootstrap is missing" >&2
    exit 1
}

# The first source of packages that apt knows.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1
}

if [ ! -e "$root/made" ]; then
    rm -rf "$root"
    debootstrap --variant=minbase --include=make,ca-certificates "$release" "$root" "$(mirror)"
    cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
    touch "$root/made"
fi
rm -rf "$root/ipcbox"
mkdir "$root/ipcbox"
git ls-files -z | tar -c --null --files-from=- | tar -x -C "$root/ipcbox"

# shellcheck disable=SC2016
exec unshare --mount --pid --fork -- bash -c '
    root=$1
    shift
    mount --bind "$root" "$root" # tests make mount namespaces, whose root has to be a mount point
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    exec chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin make -C /ipcbox "$@"
' - "$root" "$@"
