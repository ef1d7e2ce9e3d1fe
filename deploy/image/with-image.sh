#!/usr/bin/env bash
# with-image.sh IMAGE COMMAND...: runs COMMAND for an image that build.sh has built, with IMAGE set and the
# store it is in opened. Needs root, and Debian's buildah and runc, which it installs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=deploy/image/storage.sh
. deploy/image/storage.sh

export IMAGE=$1
shift
need_root "Running the image"
need buildah runc
open_store
exec "$@"
