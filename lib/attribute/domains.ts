/** From excess milliseconds per label to shares per domain: the table of what a label is evidence for. */
import type { Domain } from "../model/attribution.ts";
import { type Label, LABELS, type Split } from "../model/split.ts";

/**
 * A slow provider without a 429 or a falling token rate is not proof of rationing, and time of the application itself or time that
 * nothing explains names no domain we have: all three are `unknown`, with the label as its reason.
 */
export const DOMAIN_OF: Readonly<Record<Label, Domain>> = {
  dns: "network_dns",
  connect: "network_egress",
  tls: "network_egress",
  send: "network_egress",
  rtx_stall: "network_egress",
  runq: "cpu_throttle",
  throttled: "cpu_throttle",
  retrieval: "retrieval_backend",
  provider: "unknown",
  app: "unknown",
  unexplained: "unknown",
};

/** What the provider's milliseconds are evidence for, given what it did (lib/attribute/provider.ts). */
export type ProviderDomain = "provider_throttle" | "provider_error" | "unknown";

/** Share of the summed positive excess per domain, in [0, 1]; they sum to 1. Empty when nothing is in excess. */
export function shares(excess: Split, provider: ProviderDomain): Partial<Record<Domain, number>> {
  const total = LABELS.reduce((sum, label) => sum + Math.max(0, excess[label] ?? 0), 0);
  const result: Partial<Record<Domain, number>> = {};
  if (total === 0) return result;
  for (const label of LABELS) {
    const ms = Math.max(0, excess[label] ?? 0);
    const domain = label === "provider" ? provider : DOMAIN_OF[label];
    if (ms > 0) result[domain] = (result[domain] ?? 0) + ms / total;
  }
  return result;
}

/** The label with the largest excess among those of one domain. */
export function leadingLabel(excess: Split, domain: Domain): Label {
  if (domain === "provider_throttle" || domain === "provider_error") return "provider";
  const labels = LABELS.filter((label) => DOMAIN_OF[label] === domain);
  return labels.reduce((best, label) => (excess[label] ?? 0) > (excess[best] ?? 0) ? label : best);
}
