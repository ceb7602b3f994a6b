# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# plan.sh SCRATCH BUILD LLVM: asks plan.py about the source tree of scratch.sh, as
# CMake has asked about that of BUILD.
set -euo pipefail
mkdir -p "$1/build/clang"
[ -d "$1/build/clang/include" ] || cp -R "$2/clang/include" "$1/build/clang/include"
[ -f "$1/build/clang/loco-libraries.tsv" ] ||
  sed -e "s|$2/|$1/build/|g" "$2/clang/loco-libraries.tsv" >"$1/build/clang/loco-libraries.tsv"
"$1/build-scripts/clang-short/plan.py" --source "$1/build/src/clang" --build "$1/build/clang" --llvm "$3" \
  -- "$3/bin/clang++" -std=c++17 -O2 -DNDEBUG
