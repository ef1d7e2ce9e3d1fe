# shellcheck shell=bash
# Sourced by the scripts beside it: where the images are kept, apart from all others on the machine.
# IMAGE_STORE names another directory. Sets CONTAINERS_STORAGE_CONF for buildah.

need_root() {
    if [ "$(id -u)" != 0 ]; then
        echo "$1 needs root: it mounts file systems and makes files of other users." >&2
        exit 1
    fi
}

# need COMMAND...: each comes from the Debian package of its name.
need() {
    local missing=() command
    for command in "$@"; do
        command -v "$command" >/dev/null || missing+=("$command")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "Missing: ${missing[*]}. Install them with this system's packages." >&2
        exit 1
    fi
    echo "Installing ${missing[*]}" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Overlays share the layers; where the kernel does not allow them, each layer is a copy of the whole.
overlays() {
    local try
    try=$(mktemp -d "$1/overlay.XXXXXX")
    mkdir "$try"/{lower,upper,work,merged}
    local answer=1
    if mount -t overlay overlay -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" \
        "$try/merged" 2>/dev/null; then
        umount "$try/merged"
        answer=0
    fi
    rm -rf "$try"
    return "$answer"
}

open_store() {
    local store driver
    store=${IMAGE_STORE:-${XDG_CACHE_HOME:-$HOME/.cache}/imaging-order-advisor-image}
    mkdir -p "$store"
    chmod 0711 "$store"
    # What a store was begun with, it goes on with.
    if [ ! -e "$store/storage.conf" ]; then
        driver=vfs
        overlays "$store" && driver=overlay
        printf '[storage]\ndriver = "%s"\ngraphroot = "%s/images"\nrunroot = "%s/run"\n' \
            "$driver" "$store" "$store" >"$store/storage.conf"
    fi
    export CONTAINERS_STORAGE_CONF="$store/storage.conf"
    # Without a daemon and without user namespaces; the containers that are run later have all of them.
    export BUILDAH_ISOLATION=chroot
}
