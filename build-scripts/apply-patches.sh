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
while IFS= read -r file; do
  ! src_git cat-file -e "HEAD:$file" 2>/dev/null ||
    die "llvm-project/$file exists upstream: change it by a patch (edit build/src, then run make-patches.sh)"
  [ -x "$ours/$file" ] && mode=100755 || mode=100644
  printf '%s %s 0\t%s\n' $mode "$(src_git hash-object -w --no-filters "$ours/$file")" "$file"
done <"$tmp/new-files" >"$tmp/entries"
src_git update-index --add --index-info <"$tmp/entries"
wanted=$(src_git write-tree)
unset GIT_INDEX_FILE
applied=$(stamp_get applied)
[ -n "$applied" ] || applied=$(src_git rev-parse 'HEAD^{tree}')

# blob_at TREE FILE and blob_now FILE: the content's id, empty where the file is not there.
blob_at() { src_git rev-parse -q --verify "$1:$2" 2>/dev/null || true; }
blob_now() { [ ! -f "$src/$1" ] || src_git hash-object --no-filters "$src/$1"; }

# Every file that one of the three differs in: pristine, applied last, wanted.
{
  src_git diff --name-only --no-renames HEAD "$wanted"
  src_git diff --name-only --no-renames HEAD "$applied"
  src_git diff --name-only --no-renames HEAD
} | LC_ALL=C sort -u >"$tmp/candidates"

edited=() changed=()
while IFS= read -r file; do
  now=$(blob_now "$file")
  want=$(blob_at "$wanted" "$file")
  [ "$now" != "$want" ] || continue
  changed+=("$file")
  # Expected contents: what the last run left, upstream's, or an older copy of
  # our own new file.
  [ "$now" = "$(blob_at "$applied" "$file")" ] || [ "$now" = "$(blob_at HEAD "$file")" ] ||
    { [ -f "$ours/$file" ] && [ ! "$src/$file" -nt "$ours/$file" ]; } || edited+=("$file")
done <"$tmp/candidates"

if [ ${#edited[@]} -gt 0 ] && [ $discard = no ]; then
  printf '   %s\n' "${edited[@]}" >&2
  die "these files of $src were edited and would be lost: keep them with build-scripts/make-patches.sh (new files: copy them to llvm-project/), or throw them away with apply-patches.sh --discard"
fi

for file in "${changed[@]}"; do
  want=$(blob_at "$wanted" "$file")
  if [ -z "$want" ]; then
    rm -f "$src/$file"
    continue
  fi
  mkdir -p "$(dirname "$src/$file")"
  src_git cat-file blob "$want" >"$tmp/content"
  cat "$tmp/content" >"$src/$file"
  [ "$(src_git ls-tree "$wanted" "$file" | cut -c1-6)" != 100755 ] || chmod +x "$src/$file"
done
stamp_set applied "$wanted"
note "the fork is in place: ${#changed[@]} of $(wc -l <"$tmp/candidates") files written"
