/**
 * The two baselines an attribution is measured against. Both see only signals, as numbers, and one absolute threshold each; neither
 * knows a baseline, a split or a label. What is wrong with them is known (a missing signal counts as a calm one, the number of
 * probes votes), and is why they are baselines.
 */
import type { Domain } from "../model/attribution.ts";
import type { FaultHypothesis } from "../model/incident_attribution.ts";
import { BAYES_TABLE } from "./bayes_table.ts";

export const RULE_VERSION = "signal-rule/1";
export const BAYES_VERSION = "signal-bayes/1";

export type Signals = Readonly<Record<string, number>>;

export interface SignalVerdict {
  readonly domain: Domain;
  /** In [0, 1]. Not calibrated. */
  readonly confidence: number;
  /** Likeliest first. */
  readonly hypotheses: readonly FaultHypothesis[];
  /** Names of the signals above their threshold, furthest above it first. */
  readonly elevated: readonly string[];
}

/** From when on a signal counts, in its unit, and what it speaks for alone. null: it speaks for no domain by itself. */
const SIGNAL_RULES: Readonly<Record<string, { readonly from: number; readonly domain: Domain | null }>> = {
  dns_latency_ms: { from: 40, domain: "network_dns" },
  dns_errors_total: { from: 1, domain: "network_dns" },
  tcp_retransmits_total: { from: 2, domain: "network_egress" },
  connect_latency_ms: { from: 80, domain: "network_egress" },
  connect_errors_total: { from: 1, domain: "network_egress" },
  tls_handshake_ms: { from: 60, domain: "network_egress" },
  tls_handshake_fail_total: { from: 1, domain: "network_egress" },
  runqueue_delay_ms: { from: 10, domain: "cpu_throttle" },
  cpu_steal_pct: { from: 2, domain: "cpu_throttle" },
  cfs_throttled_ms: { from: 40, domain: "cpu_throttle" },
  mem_reclaim_latency_ms: { from: 5, domain: "memory_pressure" },
  disk_io_latency_ms: { from: 10, domain: null },
  syscall_latency_ms: { from: 50, domain: null },
  stream_ttft_ms: { from: 400, domain: "provider_throttle" },
  stream_gap_ms: { from: 50, domain: "provider_throttle" },
};

const ratio = (name: string, value: number) => value / (SIGNAL_RULES[name]?.from ?? Infinity);

function elevated(signals: Signals): string[] {
  return Object.entries(signals).filter(([name, value]) => ratio(name, value) >= 1)
    .sort((a, b) => ratio(...b) - ratio(...a) || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
}

/**
 * The signal furthest above its threshold, as a multiple of it, names the domain. Confidence: that multiple's share of the largest
 * multiples of all domains. `unknown` where nothing is above, or what is speaks for no domain.
 */
export function ruleVerdict(signals: Signals): SignalVerdict {
  const above = elevated(signals);
  const largest = new Map<Domain, number>();
  for (const name of above) {
    const domain = SIGNAL_RULES[name]!.domain;
    if (domain !== null) largest.set(domain, Math.max(largest.get(domain) ?? 0, ratio(name, signals[name]!)));
  }
  const total = [...largest.values()].reduce((sum, value) => sum + value, 0);
  const hypotheses = [...largest].map(([domain, value]) => ({
    domain,
    posterior: value / total,
    evidence: above.filter((name) => SIGNAL_RULES[name]!.domain === domain),
  })).sort((a, b) => b.posterior - a.posterior);
  const [first] = hypotheses;
  if (first === undefined) return { domain: "unknown", confidence: 0.5, hypotheses: [], elevated: above };
  return { domain: first.domain, confidence: first.posterior, hypotheses, elevated: above };
}

/** Naive Bayes over a fixed table: every signal is above its threshold or not, and independent of the others given the domain. */
export function bayesVerdict(signals: Signals): SignalVerdict {
  const above = elevated(signals);
  const scores = Object.entries(BAYES_TABLE).map(([domain, row]) => {
    let log = 0;
    for (const [name, p] of Object.entries(row)) log += Math.log(above.includes(name) ? p : 1 - p);
    return { domain: domain as Domain, log };
  });
  const most = Math.max(...scores.map(({ log }) => log));
  const total = scores.reduce((sum, { log }) => sum + Math.exp(log - most), 0);
  const hypotheses = scores.map(({ domain, log }) => ({
    domain,
    posterior: Math.exp(log - most) / total,
    evidence: above.filter((name) => (BAYES_TABLE[domain][name] ?? 0) >= 0.5),
  })).sort((a, b) => b.posterior - a.posterior);
  const [first] = hypotheses;
  return { domain: first!.domain, confidence: first!.posterior, hypotheses, elevated: above };
}
