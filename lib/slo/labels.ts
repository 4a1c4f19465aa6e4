/** Labels a file may add to series and alerts. Pure. */

/** What the rules write themselves. */
const OURS = /^(sloth_|__)|^(le|severity|owner|service|slo|alertname)$/;

export function checkLabels(
  labels: Readonly<Record<string, string>>,
  refuse: (label: string, state: string, hint: string) => Error,
): void {
  for (const label of Object.keys(labels)) {
    if (!/^[A-Za-z_]\w*$/.test(label)) {
      throw refuse(label, "is no label name of Prometheus", "Use letters, digits and _, and begin with a letter");
    }
    if (OURS.test(label)) throw refuse(label, "is a label the rules write themselves", "Choose another name");
  }
}
