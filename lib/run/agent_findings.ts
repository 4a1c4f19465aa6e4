/** Kernel events of one machine -> its diagnosis, whether they come from the kernel or from a recording. */
import type { NamedPeers } from "../correlate/peers.ts";
import { Diagnosis } from "../diagnose/diagnosis.ts";
import type { UnseenUse } from "../decode/unseen.ts";
import type { Anchor, ClockLine } from "../model/clock.ts";
import type { AgentCost, DiagnosisDocument, MissingProbe, Unprobed } from "../model/diagnosis.ts";
import { type KernelEvent, NOBODY, type Owner } from "../model/kernel_event.ts";
import type { SignalName } from "../model/signals.ts";
import { duration, plural } from "../report/format.ts";
import { estimatedRows, type RequestsContext, type ServiceMoved } from "./agent_requests.ts";
import type { Whose } from "./agent_whose.ts";
import { breakMeaning, breakWords } from "./clock_words.ts";
import { RequestLog } from "./request_log.ts";
import { keptShare } from "./watch_drops.ts";
import type { Unanswered } from "./watch_open.ts";

/** What has waited for less than this at the end of the watch is on its way. */
const HUNG_NS = 1e9;

export interface FindingsOptions {
  /** The agent's own: counted, never a finding; NOBODYS_PID where it is not known. */
  readonly selfPid: number;
  readonly whose: Whose;
  readonly deviceName: (numbers: string) => string;
  readonly onTls?: (owner: Owner) => void;
}

/** What is known when the watch is over. */
export interface WatchFacts {
  readonly start: Anchor;
  readonly end: Anchor;
  readonly host: DiagnosisDocument["host"];
  readonly targets: string;
  readonly attached: readonly string[];
  readonly missing: readonly MissingProbe[];
  readonly unanswered: Unanswered;
  readonly unseen: readonly UnseenUse[];
  readonly drops: Readonly<Record<string, number>>;
  readonly dropsBySignal: Readonly<Partial<Record<SignalName, number>>>;
  readonly cost: AgentCost;
  /** Further things nobody can speak of. */
  readonly unprobed: readonly Unprobed[];
}

export interface FinishContext {
  readonly clocks: ClockLine;
  readonly peers: NamedPeers;
  readonly disabled: ReadonlySet<SignalName>;
  readonly tlsLibrary: (owner: Pick<Owner, "pid" | "startNs">) => string | undefined;
}

export interface Diagnosed {
  readonly document: DiagnosisDocument;
  /** For incidents. */
  readonly moved: readonly ServiceMoved[];
  readonly events: readonly KernelEvent[];
  readonly requests: RequestsContext;
}

export class MachineDiagnosis {
  readonly #options: FindingsOptions;
  readonly #diagnosis: Diagnosis;
  readonly #log = new RequestLog();
  #owned = 0;

  constructor(options: FindingsOptions) {
    this.#options = options;
    const { whose } = options;
    this.#diagnosis = new Diagnosis({
      ...options,
      processInfo: (owner) => whose.of(owner),
      cgroupInfo: (path) => whose.ofCgroup(path),
    });
  }

  add(event: KernelEvent): void {
    if (event.owner !== NOBODY) this.#owned++;
    this.#diagnosis.add(event);
    this.#log.add(event);
  }

  /** Call it once, when no more events will come. */
  finish(facts: WatchFacts, context: FinishContext): Diagnosed {
    const { start, end, host, targets, attached, missing, unseen, drops, dropsBySignal, cost } = facts;
    const { clocks, peers, disabled, tlsLibrary } = context;
    const requests = {
      attached,
      peers,
      clocks,
      selfPid: this.#options.selfPid,
      kept: keptShare(this.#diagnosis.told, drops),
      place: (owner: Owner) => this.#options.whose.of(owner),
    };
    const estimated = estimatedRows(this.#log, requests);
    const unprobed = [
      ...unansweredWords(facts.unanswered),
      ...clocks.breaks.map((found) => ({ what: breakWords(found), reason: breakMeaning(found) })),
      ...(this.#owned === 0 ? [nothingSeen(targets)] : []),
      ...estimated.unprobed,
      ...facts.unprobed,
    ];
    const document = this.#diagnosis.finish({
      window: {
        start: dateOf(start),
        end: dateOf(end),
        lengthMs: Math.round((end.monotonicNs - start.monotonicNs) / 1e6),
      },
      host,
      targets,
      requests: estimated.rows,
      coverage: { attached, missing, unprobed },
      unseen,
      tlsLibrary,
      drops,
      dropsBySignal,
      cost,
    });
    return {
      document: withoutSignals(document, disabled),
      moved: estimated.moved,
      events: this.#log.events,
      requests,
    };
  }
}

function dateOf({ unixNs }: Anchor): Date {
  return new Date(Number(unixNs / 1_000_000n));
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

/** Nothing seen is not the same as nothing wrong. */
function nothingSeen(targets: string): Unprobed {
  return {
    what: `${targets}: no event at all`,
    reason: "none of them ran, or they did nothing that the probes can see; nothing is known of them",
  };
}

/** Two signals may share a probe; one of them can be left out all the same. */
function withoutSignals(document: DiagnosisDocument, disabled: ReadonlySet<SignalName>): DiagnosisDocument {
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
