#!/bin/sh
# Becomes the native Deno of this checkout: deploy/deno.sh ARGUMENTS...
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 3
. "$root/deploy/find-deno.sh"
if ! find_deno "$root"; then
  echo "sloctl: Cannot find \"deno\": this checkout is not set up. Run: make -C $root setup" >&2
  exit 3
fi
deno_environment "$root"
exec "$DENO" "$@"
