#!/bin/sh
# Installs what this checkout needs and is missing: deploy/setup.sh [test]
#
# From npm: Deno, into .tools. From apt: libbpf, clang and the tools of the lab; with `test` also what the tests measure
# against. What is there already is left alone, so a second run needs no network. Everything it says goes to stderr.
# Exit 3 where something is missing and may not be installed, with the command that would do it. Who may not load eBPF (not root,
# not Linux, no BTF) needs Deno alone.
set -eu
exec >&2

DENO_VERSION=2.9.6
# Debian package = how to see that it is there: a command, a file, or a shared library.
RUNTIME='libbpf1=lib:libbpf.so.1 libbpf-dev=file:/usr/include/bpf/bpf_helpers.h clang=cmd:clang iproute2=cmd:ip
  nftables=cmd:nft util-linux=cmd:nsenter procps=cmd:ps ca-certificates=file:/etc/ssl/certs/ca-certificates.crt'
TEST='make=cmd:make curl=cmd:curl bind9-dnsutils=cmd:dig nginx=cmd:nginx git=cmd:git
  qemu-system-x86=cmd:qemu-system-x86_64 busybox-static=file:/bin/busybox crun=cmd:crun cpio=cmd:cpio
  prometheus=cmd:promtool fio=cmd:fio strace=cmd:strace mount=cmd:losetup
  e2fsprogs=cmd:debugfs'

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
tools=$root/.tools
log=$tools/setup.log
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
. "$root/deploy/find-deno.sh"
. "$root/deploy/apt.sh"

seconds() {
  if [ -r /proc/uptime ]; then cut -d ' ' -f 1 /proc/uptime; else date +%s; fi
}

refuse() { # what, state, hint
  printf 'sloctl: Cannot set up "%s": %s\n  hint: %s\n' "$1" "$2" "$3"
  exit 3
}

# Before the first change, and only then: a checkout that is set up may be read-only.
prepare() {
  [ -z "$log_started" ] || return 0
  mkdir -p "$tools" 2>/dev/null && [ -w "$tools" ] && (: >"$log") 2>/dev/null ||
    refuse "$tools" "$(id -un) may not write it" "Run: sudo chown -R $(id -un) $root"
  log_started=yes
}

started=$(seconds)
log_started=
installed=
platform=$(deno_platform)
deno=$tools/node_modules/@deno/$platform/deno

deno_version() {
  "$1" --version 2>/dev/null | sed -n '1s/^deno \([^ ]*\).*/\1/p'
}

need_deno() {
  [ "$(deno_version "$deno")" != "$DENO_VERSION" ]
}

# A Deno of the right version elsewhere on this machine is linked, not fetched: also where sudo hides it from PATH.
link_deno() {
  DENO=${SLOCTL_DENO:-}
  [ -n "$DENO" ] || deno_on_path "$platform" || return 1
  [ "$(deno_version "$DENO")" = "$DENO_VERSION" ] || return 1
  prepare
  mkdir -p "$(dirname "$deno")" && ln -sf "$(readlink -f "$DENO")" "$deno"
}

# What the machine trusts, Node and Deno trust too: a company's own certificate authority is in the system's store.
trust_system() {
  authorities=/etc/ssl/certs/ca-certificates.crt
  [ -n "${NODE_EXTRA_CA_CERTS:-}" ] || ! [ -f "$authorities" ] || export NODE_EXTRA_CA_CERTS="$authorities"
  export DENO_TLS_CA_STORE="${DENO_TLS_CA_STORE:-system,mozilla}"
}

fetch_deno() {
  prepare
  package=@deno/$platform@$DENO_VERSION
  rm -rf "$tools/fetch"
  mkdir -p "$tools/fetch" "$tools/node_modules/@deno"
  npm install --prefix "$tools/fetch" --ignore-scripts --no-save --no-package-lock --no-audit --no-fund \
    --loglevel=error --fetch-retries=2 --fetch-retry-mintimeout=1000 "$package" </dev/null >>"$log" 2>&1 ||
    refuse "deno" "npm could not fetch $package (log: $log)" \
      "Run this where the npm registry can be reached: npm install --prefix $tools --ignore-scripts $package"
  rm -rf "$tools/node_modules/@deno/$platform"
  mv "$tools/fetch/node_modules/@deno/$platform" "$tools/node_modules/@deno/$platform"
  rm -rf "$tools/fetch"
  [ "$(deno_version "$deno")" = "$DENO_VERSION" ] ||
    refuse "deno" "$deno does not run on this machine" "Use Linux with glibc or macOS, on x86-64 or arm64"
}

# Everything that is imported from npm, into the checkout: later runs need no network.
fetch_dependencies() {
  prepare
  export DENO_DIR="$tools/deno-dir" DENO_NO_UPDATE_CHECK=1
  (cd "$root" && "$deno" install --quiet) </dev/null >>"$log" 2>&1 ||
    refuse "npm packages" "Deno could not fetch them (log: $log)" \
      "Run this where the npm registry can be reached: cd $root && DENO_DIR=$tools/deno-dir $deno install"
}

compile_bpf() {
  prepare
  (cd "$root" && "$root/deploy/deno.sh" run -A --quiet bpf/build.ts) </dev/null >>"$log" 2>&1 || {
    tail -n 20 "$log"
    refuse "BPF objects" "clang could not compile them (log: $log)" "Run: cd $root && deploy/deno.sh task bpf"
  }
}

# A step is done again when one of its inputs changed. $1: name of the stamp; the rest: input files.
fingerprint() {
  shift
  { echo "$DENO_VERSION" && cat -- "$@" 2>/dev/null; } | cksum
}
fresh() {
  [ "$(cat "$tools/$1.stamp" 2>/dev/null)" = "$(fingerprint "$@")" ]
}
stamp() {
  fingerprint "$@" >"$tools/$1.stamp"
}

[ -n "$platform" ] || refuse "deno" "there is no Deno for $(uname -sm)" "Use Linux with glibc or macOS, on x86-64 or arm64"

# Without the right to load eBPF its packages would be of no use: the demo plays a recording, the tests skip.
blind=
if [ "$(uname -s)" != Linux ]; then blind="this is $(uname -s)"
elif [ "$(id -u)" != 0 ]; then blind="$(id -un) is not root"
elif [ ! -e /sys/kernel/btf/vmlinux ]; then blind="this kernel has no BTF"
fi
wanted=
if [ -z "$blind" ]; then
  wanted=$RUNTIME
  [ "${1:-}" = test ] && wanted="$wanted $TEST"
fi
need_deno && { link_deno || { command -v npm >/dev/null || wanted="$wanted nodejs=cmd:node npm=cmd:npm"; }; }
install_missing $wanted
trust_system
if need_deno; then
  echo "set-up: fetching Deno $DENO_VERSION from npm"
  fetch_deno
  installed="$installed deno"
fi
if ! fresh deps "$root/deno.json" "$root/deno.lock"; then
  fetch_dependencies
  stamp deps "$root/deno.json" "$root/deno.lock"
  installed="$installed npm-packages"
fi
if [ -z "$blind" ] || { command -v clang >/dev/null && [ -e /usr/include/bpf/bpf_helpers.h ]; }; then
  if ! [ -d "$root/bpf/out" ] || ! fresh bpf "$root"/bpf/*.c "$root"/bpf/*.h "$root"/bpf/build.ts; then
    compile_bpf
    stamp bpf "$root"/bpf/*.c "$root"/bpf/*.h "$root"/bpf/build.ts
    installed="$installed bpf-objects"
  fi
fi

[ -z "$blind" ] || echo "set-up: nothing from apt, because $blind; demo plays a recording, tests that need the kernel skip"
took=$(echo "$started $(seconds)" | awk '{ printf "%.1f", $2 - $1 }')
if [ -z "$installed" ]; then
  echo "set-up: nothing to do ($took s)"
else
  # After sudo the files still belong to whoever owns the checkout.
  if [ "$(id -u)" = 0 ] && [ "$(uname -s)" = Linux ]; then chown -hR --reference="$root" "$tools"; fi
  echo "set-up: $took s (installed:$installed)"
fi
