# Sourced, POSIX sh. Where the native Deno binary is, for the launcher, the set-up and the Makefile.
#
# npm's `deno` command is a Node program that runs the real binary as its child: a signal to its pid would not reach the
# program, and SIGKILL would leave the child behind. So it is never run; the binary beside it is.

# The name of npm's platform package, or nothing where there is none.
deno_platform() {
  case "$(uname -sm)" in
    "Linux x86_64") echo linux-x64-glibc ;;
    "Linux aarch64" | "Linux arm64") echo linux-arm64-glibc ;;
    "Darwin x86_64") echo darwin-x64 ;;
    "Darwin arm64") echo darwin-arm64 ;;
  esac
}

is_native() {
  [ -f "$1" ] && [ -x "$1" ] && [ "$(head -c 2 "$1" | tr -d '\0')" != '#!' ]
}

# Sets DENO to the first native binary that a `deno` on PATH is or stands for. $1: platform.
deno_on_path() {
  rest=$PATH:
  while [ -n "$rest" ]; do
    dir=${rest%%:*}
    rest=${rest#*:}
    [ -x "$dir/deno" ] || continue
    DENO=$dir/deno
    is_native "$DENO" && return 0
    home=$(dirname "$(readlink -f "$DENO")")
    for DENO in "$home/deno" "$home/node_modules/@deno/$1/deno" "$home/../@deno/$1/deno"; do
      is_native "$DENO" && return 0
    done
  done
  DENO=
  return 1
}

# Sets DENO, or returns 1. $1: root of the checkout. SLOCTL_DENO comes first, then the checkout's own, then PATH.
find_deno() {
  DENO=${SLOCTL_DENO:-}
  [ -n "$DENO" ] && return 0
  platform=$(deno_platform)
  DENO=$1/.tools/node_modules/@deno/$platform/deno
  [ -x "$DENO" ] && return 0
  deno_on_path "$platform"
}

# After the set-up everything is in the checkout: no network, no questions. Sets CACHED for `deno run`.
deno_environment() {
  export DENO_NO_UPDATE_CHECK=1
  CACHED=
  [ -d "$1/.tools/deno-dir" ] || return 0
  export DENO_DIR="$1/.tools/deno-dir"
  CACHED=--cached-only
}
