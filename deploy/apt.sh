# Sourced by setup.sh, POSIX sh. Debian packages: which are missing, and how to install them without starting their services.

is_present() { # cmd:NAME, file:PATH or lib:SONAME
  case "$1" in
    cmd:*) command -v "${1#cmd:}" >/dev/null ;;
    file:*) [ -e "${1#file:}" ] ;;
    lib:*) ldconfig -p | grep -q "${1#lib:} " ;;
  esac
}

# Installs what of $@ (package=how-to-see-it) is missing, and adds it to $installed. Refuses where that is not allowed.
install_missing() {
  missing=
  for entry in "$@"; do
    is_present "${entry#*=}" || missing="$missing ${entry%%=*}"
  done
  [ -n "$missing" ] || return 0
  command="apt-get install -y --no-install-recommends$missing"
  command -v apt-get >/dev/null ||
    refuse "${missing# }" "missing, and there is no apt-get here" "Install what Debian 12 calls$missing, then run this again"
  [ "$(id -u)" = 0 ] || refuse "${missing# }" "missing, and $(id -un) may not install" "Run: sudo $command"
  prepare
  echo "set-up: installing$missing"
  without_services apt_install ||
    refuse "${missing# }" "apt could not install it (log: $log)" "Run this where the Debian mirror can be reached: apt-get update && $command"
  installed="$installed$missing"
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq -o Acquire::Retries=2 -o DPkg::Lock::Timeout=120 update &&
    apt-get -qq -o Acquire::Retries=2 -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing
}

# A package may bring a daemon (nginx, prometheus): it must neither start now nor at the next boot. Runs $1 with its output in $log.
without_services() {
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
  fi
  status=0
  "$1" </dev/null >>"$log" 2>&1 || status=$?
  for daemon in nginx prometheus; do
    case " $missing " in
      *" $daemon "*) systemctl --quiet disable "$daemon" >>"$log" 2>&1 || true ;;
    esac
  done
  return "$status"
}
