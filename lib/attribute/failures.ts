/** Why requests failed, from what their own calls answered: for incidents of errors, which have no first token to split. Pure. */
import type { Domain } from "../model/attribution.ts";
import { wilsonInterval } from "../stats/proportion.ts";

/** One failed request: what its calls say, and what the kernel saw of them. */
export interface FailedRequest {
  /** HTTP status of each call to a model that failed; 0 where there was no answer. */
  readonly provider: readonly number[];
  /** Calls to retrieval that failed. */
  readonly retrieval: number;
  /** Kernel: look-ups without a good answer, connects that failed, near its calls. */
  readonly dnsErrors: number;
  readonly connectErrors: number;
}

export interface FailureCause {
  readonly domain: Domain;
  readonly confidence: number;
  /** Share of the failed requests per domain. */
  readonly shares: Readonly<Partial<Record<Domain, number>>>;
}

/** Statuses by which a provider says that it is asked too much. */
const RATIONED = [429, 529];
const NAMED_ABOVE = 0.4;

export function failureDomain({ provider, retrieval, dnsErrors, connectErrors }: FailedRequest): Domain {
  if (provider.some((status) => RATIONED.includes(status))) return "provider_throttle";
  if (provider.some((status) => status >= 500)) return "provider_error";
  // Nobody answered: the kernel may know how far it got.
  if (provider.length > 0 || retrieval > 0) {
    if (dnsErrors > 0) return "network_dns";
    if (connectErrors > 0) return "network_egress";
  }
  if (retrieval > 0) return "retrieval_backend";
  return provider.length > 0 ? "provider_error" : "unknown";
}

/** What most of them failed by; `unknown` where no kind is surely above 40 %. Not calibrated. */
export function failureCause(requests: readonly FailedRequest[]): FailureCause {
  const counts = new Map<Domain, number>();
  for (const request of requests) {
    const domain = failureDomain(request);
    counts.set(domain, (counts.get(domain) ?? 0) + 1);
  }
  const shares = Object.fromEntries([...counts].map(([domain, n]) => [domain, n / requests.length]));
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  if (best === undefined) return { domain: "unknown", confidence: 0, shares };
  const { low } = wilsonInterval(best[1], requests.length);
  return low > NAMED_ABOVE
    ? { domain: best[0], confidence: low, shares }
    : { domain: "unknown", confidence: 1 - best[1] / requests.length, shares };
}
