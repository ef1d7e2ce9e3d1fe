#!/usr/bin/env bash
# Builds the image from the Dockerfile, without a daemon.
#
#   build.sh            on the pinned base, from its registry: localhost/imaging-order-advisor:VERSION
#   build.sh stand-in   on a base made here of Debian's packages, where no registry is reached:
#                       localhost/imaging-order-advisor:stand-in, for tests only
#
# Needs root, and Debian's buildah (and mmdebstrap for the stand-in), which it installs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=deploy/image/storage.sh
. deploy/image/storage.sh

readonly STAND_IN=deploy/image/stand-in

# The stand-in is made once for each state of what it is made from.
make_stand_in() {
    local key archive container
    key=$(cat "$STAND_IN"/* | sha256sum | cut -c1-12)
    base=localhost/python-stand-in:$key
    if buildah inspect --type image "$base" >/dev/null 2>&1; then
        return
    fi
    need mmdebstrap
    echo "Making the stand-in for the base: some minutes, once" >&2
    archive=$(mktemp --suffix=.tar)
    "$STAND_IN/debian.sh" "$archive"
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$archive" / >/dev/null
    buildah config --cmd bash "$container"
    buildah commit --quiet --rm "$container" localhost/debian:bookworm >/dev/null
    rm -f "$archive"
    quietly buildah build --layers=false --tag "$base" "$STAND_IN"
}

# quietly COMMAND...: what it says is shown only when it fails.
quietly() {
    local said
    said=$(mktemp)
    if ! "$@" >"$said" 2>&1; then
        tail -n 60 "$said" >&2
        rm -f "$said"
        return 1
    fi
    rm -f "$said"
}

need_root "Building the image"
need buildah
open_store

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
options=()
tag=$version
case "${1-}" in
    "") ;;
    stand-in)
        make_stand_in
        options+=(--from "$base")
        tag=stand-in
        ;;
    *)
        echo "usage: build.sh [stand-in]" >&2
        exit 2
        ;;
esac
# Authorities that this machine trusts for package indexes, an inspecting proxy's among them. They are
# there during the build only.
authorities=/etc/ssl/certs/ca-certificates.crt
[ ! -e "$authorities" ] || options+=(--volume "$authorities:$authorities:ro")
# The time of the last change, not of the build: the same sources make the same files.
time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

if ! quietly buildah build --layers --format docker --timestamp "$time" "${options[@]}" \
    --tag "localhost/imaging-order-advisor:$tag" .; then
    if [ -z "${1-}" ]; then
        echo "Where no registry is reached, a stand-in takes the base's place: make image BASE=stand-in" >&2
    fi
    exit 1
fi
echo "localhost/imaging-order-advisor:$tag"
