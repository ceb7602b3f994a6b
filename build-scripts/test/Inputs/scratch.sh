# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# scratch.sh FOLDER ROOT BUILD: makes FOLDER a copy of the project's scripts and
# fork with a pristine source tree of its own, so that a test can spoil them.
set -euo pipefail
rm -rf "$1"
mkdir -p "$1/build"
cp -R "$2/build-scripts" "$2/llvm-project" "$1/"
git clone -q --shared --branch pristine "$3/src" "$1/build/src" 2>/dev/null
cp "$3/src/.git/info/attributes" "$1/build/src/.git/info/attributes"
grep -v '^applied=' "$3/src/.git/loco-stamp" >"$1/build/src/.git/loco-stamp"
