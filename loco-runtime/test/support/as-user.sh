#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# as-user.sh COMMAND ARGUMENT...: runs it as an ordinary user would, with no
# privilege; where all files that it names can be read by `nobody`, as nobody.
[ "$(id -u)" = 0 ] || exec "$@"
drop='setpriv --inh-caps=-all --bounding-set=-all'
nobody='--reuid=65534 --regid=65534 --clear-groups'
for argument; do
  [ ! -e "$argument" ] || $drop $nobody test -r "$argument" 2>/dev/null ||
    exec $drop "$@"
done
exec $drop $nobody "$@"
