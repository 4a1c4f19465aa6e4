/**
 * What a slow provider was doing: rationing, failing, or nobody knows. A late first token at an unchanged token rate also fits a longer
 * prompt or another route, so without a refusal the token rate has to fall as well before it is called rationing.
 */
import type { Evidence } from "../model/attribution.ts";
import type { RequestSplit } from "../model/split.ts";
import { mannWhitneyU } from "../stats/mann_whitney.ts";
import type { ProviderDomain } from "./domains.ts";

export interface ProviderFacts {
  readonly domain: ProviderDomain;
  readonly cause: "rate_limit" | "overloaded" | "slow" | "server_error" | null;
}

/** Share of requests an incident needs beyond the baseline's to count: fewer refusals than this explain no shift. */
const SHARE = 0.05;
const ALPHA = 0.001;
/** The rate's median has to fall to this share of the baseline's: noise of a busy machine does not halve it. */
const FALLS_TO = 0.75;

/** Loss on the path thins an answer out as rationing does: with this share of the excess on the network, a rate proves nothing. */
const LOSSY_SHARE = 0.1;

/** `egress`: share of the excess that lies on the way to peers. */
export function providerFacts(
  incident: readonly RequestSplit[],
  baseline: readonly RequestSplit[],
  egress: number,
): ProviderFacts {
  const more = (is: (status: number) => boolean) => share(incident, is) - share(baseline, is) >= SHARE;
  if (more((status) => status === 429)) return { domain: "provider_throttle", cause: "rate_limit" };
  if (more((status) => status === 529 || status === 503)) return { domain: "provider_throttle", cause: "overloaded" };
  if (more((status) => status >= 500)) return { domain: "provider_error", cause: "server_error" };
  return egress < LOSSY_SHARE && rateFalls(incident, baseline)
    ? { domain: "provider_throttle", cause: "slow" }
    : { domain: "unknown", cause: null };
}

/** The same in words; only what was seen, and only where the provider is what the incident is about. */
export function providerEvidence(incident: readonly RequestSplit[], baseline: readonly RequestSplit[]): Evidence[] {
  const rows: Evidence[] = [];
  const percent = (part: number) => `${Math.round(part * 100)} %`;
  for (const status of new Set([...incident, ...baseline].flatMap((request) => request.provider.statuses))) {
    if (status < 400) continue;
    const [value, was] = [share(incident, (s) => s === status), share(baseline, (s) => s === status)];
    const sentence = `provider answered ${status} to ${percent(value)} of requests, at baseline to ${percent(was)}`;
    rows.push({ signal: "http.response.status_code", value, baseline: was, unit: "share of requests", sentence });
  }
  const rate = (requests: readonly RequestSplit[]) => {
    const rates = requests.flatMap((request) => request.provider.chunksPerSecond ?? []).sort((a, b) => a - b);
    return rates[rates.length >> 1] ?? null;
  };
  const [value, was] = [rate(incident), rate(baseline)];
  if (value !== null && was !== null) {
    const sentence = `answers came at ${value.toFixed(0)} segments/s after the first (median), at baseline ${
      was.toFixed(0)
    }`;
    rows.push({ signal: "stream_gap_ms", value, baseline: was, unit: "segments/s", sentence });
  }
  return rows;
}

/**
 * Where no status can be read, a provider that is asked again within a request after an answer that did not stream was perhaps refused.
 * That is a hint, not a proof, and decides nothing. "" where it did not become more frequent.
 */
export function refusalHint(incident: readonly RequestSplit[], baseline: readonly RequestSplit[]): string {
  const of = (requests: readonly RequestSplit[]) =>
    requests.filter(({ provider }) => (provider.askedAgain ?? 0) > 0).length / Math.max(1, requests.length);
  const [value, was] = [of(incident), of(baseline)];
  if (value - was < SHARE) return "";
  const percent = (part: number) => `${Math.round(part * 100)} %`;
  return `; in ${percent(value)} of requests the provider was asked again after a short answer, at baseline in ${
    percent(was)
  }: perhaps it refused, its status cannot be read`;
}

function share(requests: readonly RequestSplit[], is: (status: number) => boolean): number {
  return requests.length === 0
    ? 0
    : requests.filter((request) => request.provider.statuses.some(is)).length / requests.length;
}

function rateFalls(incident: readonly RequestSplit[], baseline: readonly RequestSplit[]): boolean {
  const rates = (requests: readonly RequestSplit[]) =>
    requests.flatMap((request) => request.provider.chunksPerSecond ?? []);
  const [now, before] = [rates(incident), rates(baseline)];
  if (now.length < 5 || before.length < 5) return false;
  const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
  return middle(now) <= FALLS_TO * middle(before) && mannWhitneyU(now, before, { alternative: "less" }).p < ALPHA;
}
