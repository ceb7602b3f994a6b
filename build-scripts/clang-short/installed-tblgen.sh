#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# installed-tblgen.sh ... -o OUT -d DEPFILE: stands in for clang-tblgen. What that
# would generate is among the distribution's headers; what is not there is used
# by no file that is compiled here, or stops its compilation.
set -eu
prefix=/usr/lib/llvm-19
while [ $# -gt 0 ]; do
  case $1 in
  -o) out=$2 ;;
  -d) echo "$out:" >"$2" ;;
  esac
  shift
done
for header in "$prefix/include/${out#*include/}" "$prefix"/lib/clang/*/include/"${out##*/}"; do
  [ ! -f "$header" ] || exec cp "$header" "$out"
done
echo '#error "this file is not among the headers of the distribution"' >"$out"
