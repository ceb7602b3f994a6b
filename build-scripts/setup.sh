#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Installs the Debian packages of packages.txt that are missing. Where none is,
# it does nothing; otherwise it needs root, or sudo.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

command -v dpkg-query >/dev/null ||
  die "this is no Debian system: install what build-scripts/packages.txt names, then run build-scripts/build.sh"

mapfile -t packages < <(grep -v -e '^#' -e '^$' "$scripts/packages.txt")
missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || true
  [ "$state" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} = 0 ]; then
  note "all ${#packages[@]} Debian packages are installed"
  exit 0
fi

say "Packages: installing ${missing[*]}"
as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || die "to install these packages, run build-scripts/setup.sh as root"
  as_root=(sudo)
fi
run "${as_root[@]}" apt-get update -q
run "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -q -y --no-install-recommends "${missing[@]}"
