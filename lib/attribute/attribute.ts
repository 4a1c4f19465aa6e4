/**
 * Names the fault domain of an incident from the excess of its split over the baseline's. The injector's label is no input.
 *
 * `unknown` when more than half of the excess lies where no domain can be named, or when the largest domain's share is not above
 * 40 % in nearly all resamples. The confidence is the lower end of the domain's share over bootstrap resamples of the requests, times the coverage,
 * times the mean confidence of the joins it rests on, times the share of records that were not lost. It is not calibrated: that needs recorded runs that nothing was tuned on.
 */
import type { Domain } from "../model/attribution.ts";
import type { RequestSplit, Split } from "../model/split.ts";
import { LABELS } from "../model/split.ts";
import { mean } from "../stats/describe.ts";
import { random } from "../stats/random.ts";
import { leadingLabel, type ProviderDomain, shares } from "./domains.ts";
import { meanSplit, minus } from "./excess.ts";
import { Resample } from "./resample.ts";
import { type ProviderFacts, providerFacts, refusalHint } from "./provider.ts";

export const MODEL_VERSION = "excess-share/1";

const REPLICATES = 400;
/** Lower end of a 90 % interval. */
const LOW = 0.05;
const UNKNOWN_ABOVE = 0.5;
const NAMED_ABOVE = 0.4;

export interface Attribution {
  readonly domain: Domain;
  readonly subCause: string | null;
  readonly confidence: number;
  readonly excessMs: number;
  readonly shares: Partial<Record<Domain, number>>;
  readonly incident: Split;
  readonly baseline: Split;
  readonly excess: Split;
  readonly coverage: number;
  readonly unknownReason?: string;
}

/**
 * Requests of the incident, and of the baseline. Both must hold at least one.
 *
 * @param kept share of the kernel's records that were not lost, in [0, 1]: what is missing makes everything look calmer
 */
export function attribute(
  incident: readonly RequestSplit[],
  baseline: readonly RequestSplit[],
  seed: string,
  kept = 1,
): Attribution {
  const means = { incident: meanSplit(incident), baseline: meanSplit(baseline) };
  const excess = minus(means.incident, means.baseline);
  const excessMs = mean(incident.map((r) => r.ttftMs)) - mean(baseline.map((r) => r.ttftMs));
  const provider = providerFacts(incident, baseline, shares(excess, "unknown").network_egress ?? 0);
  const share = shares(excess, provider.domain);
  const watched = LABELS.filter((label) => excess[label] !== null).length;
  const coverage = watched / LABELS.length;
  const joined = kept * mean([...incident, ...baseline].map((r) => r.confidence));

  const named = (Object.entries(share) as [Domain, number][]).filter(([domain]) => domain !== "unknown")
    .sort((a, b) => b[1] - a[1])[0];
  const unknownShare = share.unknown ?? 0;
  const base = { excessMs, shares: share, ...means, excess, coverage };
  const low = named === undefined ? 0 : lowShare(named[0], provider.domain, incident, baseline, seed);
  if (named === undefined || unknownShare > UNKNOWN_ABOVE || low <= NAMED_ABOVE) {
    const nameless = named === undefined || unknownShare > UNKNOWN_ABOVE;
    const label = leadingLabel(excess, nameless ? "unknown" : named[0]);
    return {
      ...base,
      domain: "unknown",
      subCause: label === "provider" ? "provider_slow" : label,
      confidence: Math.max(lowShare("unknown", provider.domain, incident, baseline, seed), 1 - (named?.[1] ?? 0)) *
        coverage * joined,
      unknownReason: reason(unknownShare, named, excessMs, label, excess[label] ?? 0) +
        (nameless ? refusalHint(incident, baseline) : ""),
    };
  }
  const [domain] = named;
  return { ...base, domain, subCause: subCause(domain, excess, provider), confidence: low * coverage * joined };
}

function reason(
  unknown: number,
  named: [Domain, number] | undefined,
  excessMs: number,
  label: string,
  ms: number,
): string {
  const share = (part: number) => `${Math.round(part * 100)} %`;
  if (named === undefined || unknown > UNKNOWN_ABOVE) {
    return `${share(unknown)} of ${excessMs.toFixed(0)} ms names no domain: ${label} ${ms.toFixed(0)} ms`;
  }
  return `no domain stands out: ${named[0]} has ${share(named[1])} of ${excessMs.toFixed(0)} ms, most of it ${label} ${
    ms.toFixed(0)
  } ms`;
}

function subCause(domain: Domain, excess: Split, provider: ProviderFacts): string | null {
  if (domain === provider.domain) return provider.cause;
  if (domain === "cpu_throttle") return leadingLabel(excess, domain) === "throttled" ? "quota" : "neighbour";
  return null;
}

/** Lower end of the domain's share when both groups of requests are drawn again. */
function lowShare(
  domain: Domain,
  provider: ProviderDomain,
  incident: readonly RequestSplit[],
  baseline: readonly RequestSplit[],
  seed: string,
): number {
  const stream = random(seed);
  const [slow, usual] = [new Resample(incident), new Resample(baseline)];
  const drawn = Array.from(
    { length: REPLICATES },
    () => shares(minus(slow.meanSplit(stream), usual.meanSplit(stream)), provider)[domain] ?? 0,
  ).sort((a, b) => a - b);
  return drawn[Math.floor(LOW * REPLICATES)]!;
}
