# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Shared by the scripts beside it, which source it after `set -euo pipefail`.
# shellcheck shell=bash disable=SC2034

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$scripts")
# shellcheck source=versions.env
source "$scripts/versions.env"

# All that the scripts make lies under one folder.
build=${LOCO_BUILD_DIR:-$root/build}
src=$build/src
install=$build/install
llvm_prefix=/usr/lib/llvm-$LLVM_MAJOR
jobs=${LOCO_JOBS:-$(nproc)}

# Cached objects are good for every clone of the repository, wherever it lies.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root}
export CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}

# Steps done, steps there are, and the seconds since the first.
export NINJA_STATUS=${NINJA_STATUS:-[%f/%t, %e s] }

say() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Prints a command line, then runs it.
run() {
  printf '+'
  printf ' %q' "$@"
  printf '\n'
  "$@"
}

# minutes_since SECONDS: how long ago `SECONDS` had that value, for people.
minutes_since() {
  local spent=$((SECONDS - $1))
  printf '%d min %02d s' $((spent / 60)) $((spent % 60))
}

sha256_of() { sha256sum "$1" | cut -d' ' -f1; }

# write_if_changed FILE: standard input becomes FILE, untouched where it is
# that already, so that nothing depending on it is built again.
write_if_changed() {
  local new
  new=$(mktemp "$1.XXXXXX")
  cat >"$new"
  if [ -f "$1" ] && cmp -s "$new" "$1"; then
    rm -f "$new"
  else
    chmod 644 "$new"
    mv -f "$new" "$1"
  fi
}

# cmake_configure BUILD_DIR ARGS...: runs CMake where the folder is not yet
# configured or was configured with other arguments.
cmake_configure() {
  local dir=$1 line
  shift
  line=$(printf '%q ' "$@")
  if [ -f "$dir/build.ninja" ] && [ "$line" = "$(cat "$dir/.configured-with" 2>/dev/null)" ]; then
    return
  fi
  mkdir -p "$dir"
  rm -f "$dir/.configured-with"
  run cmake -G Ninja -B "$dir" "$@"
  printf '%s' "$line" >"$dir/.configured-with"
}

# The source tree's own git repository, whatever the user's configuration says.
src_git() {
  GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 git -C "$src" \
    -c core.fileMode=true -c core.autocrlf=false -c gc.auto=0 "$@"
}

# The stamp of the source tree says which release it is, and what was applied.
stamp=$src/.git/loco-stamp
stamp_get() { sed -n "s/^$1=//p" "$stamp" 2>/dev/null || true; }
stamp_set() {
  local rest
  rest=$(grep -v "^$1=" "$stamp" 2>/dev/null || true)
  { [ -z "$rest" ] || printf '%s\n' "$rest"; printf '%s=%s\n' "$1" "$2"; } | write_if_changed "$stamp"
}

# Stops unless $src is the pinned release: its first commit must hold the tree
# that the stamp says, and that tree must be a known one.
require_pinned_source() {
  local tree
  [ -f "$stamp" ] || die "$src was not unpacked by fetch-source.sh (no stamp): remove it and run build-scripts/fetch-source.sh"
  tree=$(src_git rev-parse 'HEAD^{tree}' 2>/dev/null) || die "$src has no pristine commit: remove it and run build-scripts/fetch-source.sh"
  [ "$(stamp_get version)" = "$LLVM_VERSION" ] && [ "$(stamp_get tree)" = "$tree" ] ||
    die "$src is not LLVM $LLVM_VERSION as build-scripts/versions.env pins it: remove it and run build-scripts/fetch-source.sh"
  known_tree "$tree" || [ "$(stamp_get sha256)" = "$LLVM_UPSTREAM_SHA256" ] ||
    die "$src holds a tree that build-scripts/versions.env does not know ($tree)"
}
known_tree() { [ "$1" = "$LLVM_TREE" ] || [ "$1" = "$LLVM_TREE_FULL" ]; }
