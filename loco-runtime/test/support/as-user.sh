#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Runs a command as an ordinary user would: with no privilege, and where the
# user `nobody` may read the program (the second argument is one), as that user.
#   as-user.sh COMMAND ARGUMENT...
[ "$(id -u)" = 0 ] || exec "$@"
drop='setpriv --inh-caps=-all --bounding-set=-all'
nobody='--reuid=65534 --regid=65534 --clear-groups'
for argument; do program=$argument; done
if $drop $nobody test -r "$program" 2>/dev/null; then
  exec $drop $nobody "$@"
fi
exec $drop "$@"
