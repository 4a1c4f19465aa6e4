/** The diagnosis of this machine: watch for a while, then say what was slow or failing. */
import { blockDeviceName } from "../host/block_devices.ts";
import { TlsLibraries } from "../host/tls_library.ts";
import { Diagnosis } from "../diagnose/diagnosis.ts";
import { renderDiagnosis } from "../diagnose/render.ts";
import type { Anchor } from "../model/clock.ts";
import type { DiagnosisDocument, Unprobed } from "../model/diagnosis.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { NOBODY, type Owner, processKey } from "../model/kernel_event.ts";
import { count, duration, plural } from "../report/format.ts";
import { progressLine } from "../report/progress.ts";
import { attach } from "./agent_attach.ts";
import { agentIncidents } from "./agent_incidents.ts";
import type { AgentOptions, AgentPlan } from "./agent_options.ts";
import { Places } from "./agent_places.ts";
import { watchUntil } from "./agent_until.ts";
import { estimatedRows } from "./agent_requests.ts";
import { breakMeaning, breakWords } from "./clock_words.ts";
import { guardWords } from "./guard_words.ts";
import { RequestLog } from "./request_log.ts";
import { openSending, refuseLosses } from "./sending.ts";
import { keptShare } from "./watch_drops.ts";
import type { Watch } from "./watch.ts";
import type { Unanswered } from "./watch_open.ts";

/** What has waited for less than this at the end of the watch is on its way. */
const HUNG_NS = 1e9;
/** How long a webhook is tried. */
const TELL_MS = 30_000;

export async function diagnoseMachine(options: AgentOptions, plan: AgentPlan, io: Io): Promise<void> {
  await using sending = await openSending(options.send, io);
  const places = new Places();
  const libraries = new TlsLibraries();
  const diagnosis = new Diagnosis({
    selfPid: Deno.pid,
    processInfo: (owner) => places.of(owner),
    deviceName: blockDeviceName,
    onTls: (owner) => libraries.note(processKey(owner), owner.pid),
  });
  const log = new RequestLog();
  let seen = 0;
  using agent = attach(options, plan, (event) => {
    if (event.owner !== NOBODY) seen++;
    diagnosis.add(event);
    log.add(event);
  }, (step) => io.err(`sloctl: ${guardWords(step)}\n`));
  const start = agent.watch.clocks.anchor;
  await untilDone(options, plan, io, () => agent.watch.events);
  const unprobed = unansweredWords(agent.watch.unanswered());
  const unseen = agent.watch.unseen();
  agent.watch.finish();
  const end = agent.watch.clocks.anchor;
  unprobed.push(...agent.watch.clocks.breaks.map((found) => ({
    what: breakWords(found),
    reason: breakMeaning(found),
  })));
  if (seen === 0) unprobed.push(nothingSeen(plan.targets));
  unprobed.push(...raisedThresholds(agent.watch));
  const context = {
    attached: agent.watch.coverage.attached,
    peers: options.peers,
    clocks: agent.watch.clocks,
    selfPid: Deno.pid,
    kept: keptShare(diagnosis.told, agent.watch.drops()),
    place: (owner: Owner) => places.of(owner),
  };
  const requests = estimatedRows(log, context);
  unprobed.push(...requests.unprobed);
  await libraries.search();
  const { cpu_pct, bpf_ns_per_event, rss_mb } = agent.watch.cost();
  const document = withoutSignals(
    diagnosis.finish({
      window: {
        start: dateOf(start),
        end: dateOf(end),
        lengthMs: Math.round((end.monotonicNs - start.monotonicNs) / 1e6),
      },
      host: { name: Deno.hostname(), kernel: Deno.osRelease(), cpus: navigator.hardwareConcurrency },
      targets: plan.targets,
      requests: requests.rows,
      coverage: { attached: agent.watch.coverage.attached, missing: agent.missing, unprobed },
      unseen,
      tlsLibrary: (owner) => libraries.name(processKey(owner)),
      drops: agent.watch.drops(),
      dropsBySignal: agent.watch.dropsBySignal(),
      cost: { cpu_pct, bpf_ns_per_event, rss_mb },
    }),
    plan.disabled,
  );
  io.out(options.json ? `${toJson(document, 2)}\n` : renderDiagnosis(document, { color: io.color, width: io.columns }));
  agent[Symbol.dispose](); // nothing is watched while somebody is told
  for (const incident of agentIncidents(requests.moved, log.events, context, options, options.objectiveMs)) {
    sending.incident(incident);
  }
  refuseLosses(await sending.close(TELL_MS));
}

function dateOf({ unixNs }: Anchor): Date {
  return new Date(Number(unixNs / 1_000_000n));
}

async function untilDone({ forMs }: AgentOptions, { targets }: AgentPlan, io: Io, events: () => number): Promise<void> {
  using line = progressLine(io);
  if (forMs === undefined) line.note("Watching until Ctrl-C; then the diagnosis follows.");
  const whole = forMs === undefined ? "" : ` of ${duration(forMs)}`;
  await watchUntil(io, {
    forMs,
    every: (elapsedMs) =>
      line.update(`watching ${targets}: ${Math.round(elapsedMs / 1000)} s${whole}, ${count(events())} events`),
  });
}

/** Silence is not health: what was asked and not answered is no event, so it is said here. */
function unansweredWords({ dns, connects, requests, diskEndsUnseen }: Unanswered): Unprobed[] {
  const rows = [
    [plural(dns.count, "DNS query", "DNS queries"), dns.longestNs, ""],
    [plural(connects.count, "connect"), connects.longestNs, ` (${connects.longest})`],
    [plural(requests.count, "request"), requests.longestNs, ""],
  ] as const;
  const hung = rows.filter(([, longestNs]) => longestNs >= HUNG_NS).map(([what, longestNs, who]) => ({
    what: `${what} without an answer when the watch ended`,
    reason: `the longest had waited ${duration(longestNs / 1e6)}${who}; what never ends is in no row`,
  }));
  if (diskEndsUnseen === 0) return hung;
  return [...hung, {
    what: `${plural(diskEndsUnseen, "block request")} whose end was not seen`,
    reason: "the kernel did not run our program then; how long they took is not known, and they are in no row",
  }];
}

function raisedThresholds({ guard }: Watch): Unprobed[] {
  if (guard === null || (guard.steps.raise_thresholds ?? 0) === 0) return [];
  return [{
    what: "for a time, pauses in answers under 100 ms and bytes unread for under 10 ms",
    reason: `watching cost more than ${guard.budgetPct} % of one CPU: thresholds were raised tenfold`,
  }];
}

/** Nothing seen is not the same as nothing wrong. */
function nothingSeen(targets: string): Unprobed {
  return {
    what: `${targets}: no event at all`,
    reason: "none of them ran, or they did nothing that the probes can see; nothing is known of them",
  };
}

/** Two signals may share a probe; one of them can be left out all the same. */
function withoutSignals(document: DiagnosisDocument, disabled: AgentPlan["disabled"]): DiagnosisDocument {
  if (disabled.size === 0) return document;
  return {
    ...document,
    findings: document.findings.filter(({ kind }) => !disabled.has(kind)).map((finding, i) => ({
      ...finding,
      rank: i + 1,
    })),
    observed: document.observed.filter(({ kind }) => !disabled.has(kind)),
  };
}
