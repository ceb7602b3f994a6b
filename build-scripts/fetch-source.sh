#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Gets the pinned LLVM source and unpacks what the fork needs of it into
# build/src, which becomes a git repository of its own: one commit, the
# pristine tree.
#
#   fetch-source.sh          clang, openmp and what they include
#   fetch-source.sh --full   with llvm itself, for a build in the tree
#
# The source is, in this order: what LOCO_LLVM_SOURCE names (a release tarball
# or an unpacked tree), the upstream release tarball, the original tarball of
# the distribution's source package.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

full=no
case "${1:-}" in
'') ;;
--full) full=yes ;;
*) die "usage: fetch-source.sh [--full]" ;;
esac

# What is unpacked, as tar patterns below the tarball's single top folder.
parts=(clang cmake openmp runtimes third-party)
if [ $full = yes ]; then
  parts+=(llvm)
  left_out=(llvm/test llvm/unittests llvm/docs clang/www)
else
  # The last two are hooked for the build in the tree only; with it there is one
  # series for both trees.
  parts+=(llvm/cmake llvm/utils/lit llvm/lib/Passes llvm/lib/Transforms/CMakeLists.txt)
  left_out=(clang/test clang/unittests clang/docs clang/www)
fi
[ $full = yes ] && want_tree=$LLVM_TREE_FULL || want_tree=$LLVM_TREE

downloads=$build/download
fresh=$src.new

unpack_tarball() {
  local tarball=$1 top
  note "unpacking ${parts[*]}"
  rm -rf "$fresh"
  mkdir -p "$fresh"
  top=$(tar -tf "$tarball" 2>/dev/null | head -n 1 | cut -d/ -f1) || true
  [ -n "$top" ] || die "$tarball: not a tarball"
  tar -xf "$tarball" -C "$fresh" --strip-components=1 --no-same-owner --anchored \
    "${left_out[@]/#/--exclude=$top/}" "${parts[@]/#/$top/}"
}

copy_folder() {
  local part
  note "copying ${parts[*]}"
  rm -rf "$fresh"
  mkdir -p "$fresh"
  for part in "${parts[@]}"; do
    [ -e "$1/$part" ] || die "$1 has no $part: is it LLVM $LLVM_VERSION?"
    mkdir -p "$(dirname "$fresh/$part")"
    cp -R --preserve=mode,links "$1/$part" "$fresh/$part"
  done
  for part in "${left_out[@]}"; do rm -rf "${fresh:?}/$part"; done
}

download_upstream() {
  local out=$downloads/llvm-project-$LLVM_VERSION.src.tar.xz
  if [ ! -f "$out" ]; then
    note "asking for $LLVM_UPSTREAM_URL"
    curl --fail --silent --show-error --location --connect-timeout 10 \
      --speed-limit 10000 --speed-time 30 --max-time 1800 \
      --output "$out.part" "$LLVM_UPSTREAM_URL" || {
      rm -f "$out.part"
      note "the upstream release is out of reach"
      return 1
    }
    mv "$out.part" "$out"
  fi
  check_tarball "$out" "$LLVM_UPSTREAM_SHA256"
  tarball=$out
}

# Source-package lines for the machine's own release, made from the machine's
# own lists, on standard output: deb822 stanzas first, one-line entries second.
source_stanzas() {
  local codename
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  cat /dev/null /etc/apt/sources.list.d/*.sources 2>/dev/null | awk -v RS= -v name="$codename" '
    {
      ours = 0
      count = split($0, line, "\n")
      for (i = 1; i <= count; i++)
        if (line[i] ~ /^Suites:/ && (" " substr(line[i], 8) " ") ~ "[ \t]" name "(-[a-z]+)?[ \t]") ours = 1
      if (!ours) next
      for (i = 1; i <= count; i++) {
        if (line[i] ~ /^#/) continue
        sub(/^Types:.*/, "Types: deb-src", line[i])
        print line[i]
      }
      print ""
    }'
}
source_lines() {
  local codename
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  cat /dev/null /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    grep -E "^deb (\[[^]]*\] )?[^ ]+ $codename(-[a-z]+)?(/updates)? " | sed 's/^deb /deb-src /' || true
}

download_distribution() {
  local tmp out version apt
  out=$(ls "$downloads/${LLVM_DEBIAN_SOURCE}_$LLVM_VERSION".orig.tar.* 2>/dev/null | head -n 1) || true
  if [ -z "$out" ]; then
    command -v apt-get >/dev/null || return 1
    tmp=$(mktemp -d)
    # apt drops its privileges for downloads, and must still get in here.
    chmod 755 "$tmp"
    mkdir -p "$tmp/parts" "$tmp/lists/partial" "$tmp/out"
    source_stanzas >"$tmp/parts/source.sources"
    source_lines >"$tmp/parts/source.list"
    apt=(-q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$tmp/parts"
      -o "Dir::State::lists=$tmp/lists" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
      -o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o APT::Sandbox::User=root)
    note "asking the distribution for the source package $LLVM_DEBIAN_SOURCE"
    apt-get "${apt[@]}" update || note "some package lists are out of reach"
    version=$(apt-cache "${apt[@]}" showsrc --only-source "$LLVM_DEBIAN_SOURCE" 2>/dev/null |
      sed -n 's/^Version: //p' | grep -F ":$LLVM_VERSION-" | sort -V | tail -n 1) || true
    if [ -z "$version" ]; then
      rm -rf "$tmp"
      note "the distribution has no source package $LLVM_DEBIAN_SOURCE $LLVM_VERSION"
      return 1
    fi
    (cd "$tmp/out" && run apt-get "${apt[@]}" source --download-only --tar-only "$LLVM_DEBIAN_SOURCE=$version") || {
      rm -rf "$tmp"
      return 1
    }
    mv "$tmp/out/${LLVM_DEBIAN_SOURCE}_$LLVM_VERSION".orig.tar.* "$downloads/"
    rm -rf "$tmp"
    out=$(ls "$downloads/${LLVM_DEBIAN_SOURCE}_$LLVM_VERSION".orig.tar.*)
  fi
  check_tarball "$out" "$LLVM_DEBIAN_SHA256"
  tarball=$out
}

# check_tarball FILE SHA256...: sets $sha256 to the one that fits, or stops.
check_tarball() {
  local file=$1 pinned
  shift
  sha256=$(sha256_of "$file")
  for pinned in "$@"; do
    [ "$sha256" = "$pinned" ] && return
  done
  die "$file has sha256 $sha256, which build-scripts/versions.env does not pin; remove it if it is damaged"
}

# Makes $fresh a repository whose one commit is the pristine tree. Dates and
# names are fixed, so that the commit has one id everywhere.
commit_pristine() {
  (
    src=$fresh
    export GIT_AUTHOR_NAME=loco GIT_AUTHOR_EMAIL=loco@localhost GIT_AUTHOR_DATE='2025-01-14T00:00:00Z'
    export GIT_COMMITTER_NAME=loco GIT_COMMITTER_EMAIL=loco@localhost GIT_COMMITTER_DATE='2025-01-14T00:00:00Z'
    src_git init -q --initial-branch=pristine
    # Bytes are bytes: neither line ends nor ignore lists of the tree count.
    echo '* -text -ident -filter' >"$fresh/.git/info/attributes"
    src_git add --all --force .
    src_git commit -q --no-gpg-sign --no-verify -m "LLVM $LLVM_VERSION"
  )
  tree=$(src=$fresh && src_git rev-parse 'HEAD^{tree}')
}

if [ -e "$src" ]; then
  require_pinned_source
  [ $full = no ] || [ "$(stamp_get full)" = yes ] ||
    die "$src lacks llvm itself: remove it, or set LOCO_BUILD_DIR to another folder for the full tree"
  note "LLVM $LLVM_VERSION is in $src"
  exit 0
fi

say "Source: LLVM $LLVM_VERSION"
mkdir -p "$downloads"
tarball='' sha256=''
if [ -n "${LOCO_LLVM_SOURCE:-}" ]; then
  if [ -d "$LOCO_LLVM_SOURCE" ]; then
    copy_folder "$LOCO_LLVM_SOURCE"
  elif [ -f "$LOCO_LLVM_SOURCE" ]; then
    tarball=$LOCO_LLVM_SOURCE
    check_tarball "$tarball" "$LLVM_UPSTREAM_SHA256" "$LLVM_DEBIAN_SHA256"
  else
    die "LOCO_LLVM_SOURCE names neither a file nor a folder: $LOCO_LLVM_SOURCE"
  fi
else
  download_upstream || download_distribution ||
    die "no source of LLVM $LLVM_VERSION is in reach; set LOCO_LLVM_SOURCE to a release tarball or an unpacked tree"
fi
[ -z "$tarball" ] || unpack_tarball "$tarball"
commit_pristine

# A folder has no checksum of its own; its content has.
if [ "$tree" != "$want_tree" ] && [ "$sha256" != "$LLVM_UPSTREAM_SHA256" ]; then
  rm -rf "$fresh"
  die "${LOCO_LLVM_SOURCE:-the source} is not LLVM $LLVM_VERSION as released: its tree is $tree, not $want_tree"
fi
printf 'version=%s\ntree=%s\nsha256=%s\nfull=%s\n' "$LLVM_VERSION" "$tree" "$sha256" "$full" >"$fresh/.git/loco-stamp"
mv "$fresh" "$src"
note "unpacked into $src"
