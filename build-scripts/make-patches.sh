#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes llvm-project/patches/ anew from the hooks in build/src: zero-context
# patches, one for each topic of patch-topics.txt. Before the old series goes,
# the new one is applied to the pristine tree and has to give build/src again.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

[ $# = 0 ] || die "usage: make-patches.sh"
require_pinned_source
series=$root/llvm-project/patches
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# New files have to stand in llvm-project/ with the same content.
strays=()
while IFS= read -r file; do
  cmp -s "$src/$file" "$root/llvm-project/$file" || strays+=("$file")
done < <(src_git ls-files --others)
if [ ${#strays[@]} -gt 0 ]; then
  printf '   %s\n' "${strays[@]}" >&2
  die "these new files of $src differ from those of llvm-project/, or are not there: copy the right ones to llvm-project/"
fi
deleted=$(src_git ls-files --deleted)
[ -z "$deleted" ] || die "files of upstream are gone from $src: $deleted"

mapfile -t hooked < <(src_git diff --name-only --no-renames HEAD)
[ ${#hooked[@]} -gt 0 ] || die "no hooks in $src"

# The topics, in order, and the files of each.
declare -A files_of number_of
names=()
while read -r pattern name; do
  [[ -n $pattern && $pattern != \#* ]] || continue
  [ -n "${number_of[$name]:-}" ] || {
    names+=("$name")
    number_of[$name]=$(printf '%04d' ${#names[@]})
  }
  for i in "${!hooked[@]}"; do
    # shellcheck disable=SC2053
    [[ ${hooked[i]} == $pattern ]] || continue
    files_of[$name]+="${hooked[i]}"$'\n'
    unset "hooked[i]"
  done
done <"$scripts/patch-topics.txt"
[ ${#hooked[@]} = 0 ] || die "patch-topics.txt has no patch for: ${hooked[*]}"

mkdir -p "$tmp/series"
for name in "${names[@]}"; do
  [ -n "${files_of[$name]:-}" ] || continue
  mapfile -t files < <(printf '%s' "${files_of[$name]}")
  # A hunk's header would quote the upstream line it lies in: ours alone stay.
  src_git diff -U0 --no-renames --no-color --no-ext-diff --full-index HEAD -- "${files[@]}" |
    sed -E 's/^(@@ -[0-9,]+ \+[0-9,]+ @@).*/\1/' >"$tmp/series/${number_of[$name]}-$name.patch"
done

# Round trip.
(
  export GIT_INDEX_FILE=$tmp/index
  src_git read-tree HEAD
  for patch in "$tmp"/series/*.patch; do
    src_git apply --cached --unidiff-zero --whitespace=nowarn "$patch"
  done
  src_git update-index -q --refresh || true
  rest=$(src_git diff --name-only)
  [ -z "$rest" ] || die "the new series does not give $src again: $rest"
)

mkdir -p "$series"
for patch in "$series"/*.patch; do
  [ ! -f "$patch" ] || [ -f "$tmp/series/$(basename "$patch")" ] || rm -f "$patch"
done
for patch in "$tmp"/series/*.patch; do
  write_if_changed "$series/$(basename "$patch")" <"$patch"
  note "$(basename "$patch"): $(grep -c '^+[^+]' "$patch" || true) lines added, $(grep -c '^-[^-]' "$patch" || true) taken out, $(grep -c '^diff ' "$patch") files"
done
# What stands in the tree now is what the series gives.
"$scripts/apply-patches.sh"
