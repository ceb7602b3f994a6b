#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# run-suite.sh SUITE LIT_ARGS...: one whole lit suite; check.sh gives it a time
# limit.
set -euo pipefail
source "$(dirname "$0")/../lib.sh"
source "$scripts/lit/sites.sh"
suite=$1
shift
run_lit "$suite" '' -- "$@"
