#!/bin/sh
# sloctl m5gate with the action's inputs, which come as M5_... variables; an empty one is not given. Its exit code is the gate's.
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../../.." && pwd -P)
out=${M5_OUT:-m5gate}

# Deno from npm where it is not there; the gate needs nothing else.
[ -n "${SLOCTL_DENO:-}" ] || sh "$root/deploy/setup.sh" || exit 3
mkdir -p "$out" || exit 4
# What an earlier step left there must not pass for the verdict of this one, which may end before it has any.
rm -f "$out/m5_gate_summary.json" "$out/m5_gate.md" "$out/m5_gate.svg" || exit 4

set -- --out-json "$out/m5_gate_summary.json" --out-md "$out/m5_gate.md" --out-svg "$out/m5_gate.svg"
for flag in candidate-root baseline-root baseline-manifest candidate-ref candidate-commit scenarios mode profile \
  max-overhead-pct max-variance-pct min-runs ttft-regression-pct alpha bootstrap-iters seed min-samples min-cliffs-delta; do
  eval "value=\${M5_$(echo "$flag" | tr 'a-z-' 'A-Z_'):-}"
  [ -z "$value" ] || set -- "$@" "--$flag=$value"
done
[ "${M5_REQUIRE_BASELINE_MANIFEST:-}" != true ] || set -- "$@" --require-baseline-manifest
[ "${M5_ALLOW_SAME_COMMIT:-}" != true ] || set -- "$@" --allow-same-commit

"$root/sloctl" m5gate "$@"
code=$?
summary=$out/m5_gate_summary.json
if [ -n "${GITHUB_OUTPUT:-}" ] && [ -e "$summary" ]; then
  {
    sed -n 's/^  "verdict": "\(.*\)",$/verdict=\1/p; s/^  "pass": \(.*\),$/pass=\1/p' "$summary"
    echo "summary-json=$summary"
    echo "summary-md=$out/m5_gate.md"
  } >>"$GITHUB_OUTPUT"
fi
exit $code
