#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Makes build/src the fork: applies the series llvm-project/patches/*.patch and
# copies the new files of llvm-project/ to their paths. It can be run again: a
# file that is right already is not touched, so that nothing is built again;
# what an older run applied and the series no longer holds goes back.
#
#   apply-patches.sh             stops where build/src was edited by hand
#   apply-patches.sh --discard   throws such edits away
set -euo pipefail
source "$(dirname "$0")/lib.sh"

discard=no
case "${1:-}" in
'') ;;
--discard) discard=yes ;;
*) die "usage: apply-patches.sh [--discard]" ;;
esac

require_pinned_source
ours=$root/llvm-project

# The fork as a git tree, made in an index of its own: the work tree is only
# looked at until all is known to fit.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export GIT_INDEX_FILE=$tmp/index
src_git read-tree HEAD
for patch in "$ours"/patches/*.patch; do
  [ -f "$patch" ] || continue
  src_git apply --cached --unidiff-zero --whitespace=nowarn "$patch" ||
    die "${patch#"$root"/} does not apply to LLVM $LLVM_VERSION"
done

(cd "$ours" && find . -type f -not -path './patches/*' -not -name '.*.sw?' -not -name '*~' \
  -not -name '*.pyc' -printf '%P\n' | LC_ALL=C sort) >"$tmp/new-files"
src_git ls-tree -r --name-only HEAD | LC_ALL=C sort | LC_ALL=C comm -12 - "$tmp/new-files" >"$tmp/taken"
[ ! -s "$tmp/taken" ] ||
  die "these files of llvm-project/ exist upstream: $(tr '\n' ' ' <"$tmp/taken"): change them by a patch (edit build/src, then run make-patches.sh)"
sed "s|^|$ours/|" "$tmp/new-files" | src_git hash-object -w --no-filters --stdin-paths >"$tmp/blobs"
paste "$tmp/blobs" "$tmp/new-files" | while IFS=$'\t' read -r blob file; do
  [ -x "$ours/$file" ] && mode=100755 || mode=100644
  printf '%s %s 0\t%s\n' "$mode" "$blob" "$file"
done >"$tmp/entries"
src_git update-index --add --index-info <"$tmp/entries"
wanted=$(src_git write-tree)
unset GIT_INDEX_FILE
applied=$(stamp_get applied)
[ -n "$applied" ] || applied=$(src_git rev-parse 'HEAD^{tree}')

# Every file that one of the four differs in: pristine, applied last, wanted, and
# what is there.
{
  src_git diff --name-only --no-renames HEAD "$wanted"
  src_git diff --name-only --no-renames HEAD "$applied"
  src_git diff --name-only --no-renames HEAD
} | LC_ALL=C sort -u >"$tmp/candidates"
mapfile -t candidates <"$tmp/candidates"

# The content's id of each file in each of the four; none where it is not there.
declare -A pristine_blob applied_blob wanted_blob wanted_mode blob_now
read_tree() {
  # shellcheck disable=SC2178
  local -n blobs=$1
  local mode blob file
  while IFS=$' \t' read -r mode _ blob file; do
    blobs[$file]=$blob
    [ "$1" != wanted_blob ] || wanted_mode[$file]=$mode
  done < <(src_git -c core.quotePath=false ls-tree -r "$2" -- "${candidates[@]}")
}
read_tree pristine_blob HEAD
read_tree applied_blob "$applied"
read_tree wanted_blob "$wanted"
for file in "${candidates[@]}"; do
  [ ! -f "$src/$file" ] || printf '%s\n' "$file"
done >"$tmp/present"
while IFS=$'\t' read -r blob file; do
  blob_now[$file]=$blob
done < <(cd "$src" && src_git hash-object --no-filters --stdin-paths <"$tmp/present" | paste - "$tmp/present")

edited=() changed=()
for file in "${candidates[@]}"; do
  now=${blob_now[$file]:-}
  [ "$now" != "${wanted_blob[$file]:-}" ] || continue
  changed+=("$file")
  # Expected contents: what the last run left, upstream's, or an older copy of
  # our own new file.
  [ "$now" = "${applied_blob[$file]:-}" ] || [ "$now" = "${pristine_blob[$file]:-}" ] ||
    { [ -f "$ours/$file" ] && [ ! "$src/$file" -nt "$ours/$file" ]; } || edited+=("$file")
done

if [ ${#edited[@]} -gt 0 ] && [ $discard = no ]; then
  printf '   %s\n' "${edited[@]}" >&2
  die "these files of $src were edited and would be lost: keep them with build-scripts/make-patches.sh (new files: copy them to llvm-project/), or throw them away with apply-patches.sh --discard"
fi

for file in "${changed[@]}"; do
  if [ -z "${wanted_blob[$file]:-}" ]; then
    rm -f "$src/$file"
    continue
  fi
  mkdir -p "$(dirname "$src/$file")"
  src_git cat-file blob "${wanted_blob[$file]}" >"$tmp/content"
  cat "$tmp/content" >"$src/$file"
  [ "${wanted_mode[$file]}" != 100755 ] || chmod +x "$src/$file"
done
stamp_set applied "$wanted"
note "the fork is in place: ${#changed[@]} of ${#candidates[@]} files written"
