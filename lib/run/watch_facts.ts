/** What a running watch knows beside its events, at this moment. */
import type { Anchor } from "../model/clock.ts";
import type { Unprobed } from "../model/diagnosis.ts";
import type { Attached } from "./agent_attach.ts";
import type { WatchFacts } from "./agent_findings.ts";
import type { Watch } from "./watch.ts";

/** What only a watch that is still attached can say. */
export type OpenQuestions = Pick<WatchFacts, "unanswered" | "unseen">;

export function openQuestions(watch: Watch): OpenQuestions {
  return { unanswered: watch.unanswered(), unseen: watch.unseen() };
}

function raisedThresholds({ guard }: Watch): Unprobed[] {
  if (guard === null || (guard.steps.raise_thresholds ?? 0) === 0) return [];
  return [{
    what: "for a time, pauses in answers under 100 ms and bytes unread for under 10 ms",
    reason: `watching cost more than ${guard.budgetPct} % of one CPU: thresholds were raised tenfold`,
  }];
}

/** @param open asked before the probes were taken down */
export function watchFacts(
  { watch, missing, notes }: Attached,
  targets: string,
  start: Anchor,
  open: OpenQuestions = openQuestions(watch),
): WatchFacts {
  const { cpu_pct, bpf_ns_per_event, rss_mb } = watch.cost();
  const { monotonicNs, unixNs } = watch.clocks.anchor;
  return {
    start: { monotonicNs: start.monotonicNs, unixNs: start.unixNs },
    end: { monotonicNs, unixNs },
    host: { name: Deno.hostname(), kernel: Deno.osRelease(), cpus: navigator.hardwareConcurrency },
    targets,
    attached: watch.coverage.attached,
    missing,
    ...open,
    drops: watch.drops(),
    dropsBySignal: watch.dropsBySignal(),
    unprobed: [...notes, ...raisedThresholds(watch)],
    cost: { cpu_pct, bpf_ns_per_event, rss_mb },
  };
}
