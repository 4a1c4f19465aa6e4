/** Kernel events in, the diagnosis document out. Pure, and bounded however long the window is. */
import { dnsCause, errnoName, tlsFailure } from "../model/codes.ts";
import {
  type AgentCost,
  type Coverage,
  DIAGNOSIS_SCHEMA,
  type DiagnosisDocument,
  type EstimatedRequests,
  type Unprobed,
} from "../model/diagnosis.ts";
import {
  type ExchangeEvent,
  type GapEvent,
  type KernelEvent,
  type Owner,
  processKey,
  type Tuple,
} from "../model/kernel_event.ts";
import type { SignalName } from "../model/signals.ts";
import { roleFitsPorts, SSH } from "../model/ports.ts";
import { plural } from "../report/format.ts";
import { ConnectFailures } from "./connect_failures.ts";
import { DnsFailures } from "./dns_failures.ts";
import { findings, observations, OBSERVED_LIMIT } from "./document.ts";
import { addHostEvent } from "./host_rows.ts";
import { PeerNames } from "./peer_names.ts";
import { type Endpoint, type Row, Rows, type Who } from "./row.ts";
import { HINTS, RETRANSMITTED } from "./rules.ts";
import { endOf, SegmentsSent } from "./segments.ts";
import { Unseen } from "./unseen.ts";
import { type Place, whereabouts } from "./whereabouts.ts";

const MS = 1e6;
const MAX_PROCESSES = 16_384;

export interface DiagnosisOptions {
  /** The agent itself: counted, never a finding. */
  readonly selfPid?: number;
  /** Asked once per process, when it is first seen, and of those in containers without a name again at the end. */
  readonly processInfo?: (owner: Owner) => Place | undefined;
  /** Whose control group a path is. */
  readonly cgroupInfo?: (path: string) => Place | undefined;
  /** Told of each process that has made a TLS connection, while it may still be looked at. */
  readonly onTls?: (owner: Owner) => void;
  /** `254:0` -> `vda`; default: the numbers. */
  readonly deviceName?: (numbers: string) => string;
  /** Rows kept apart before the rest of a kind is thrown together; default 4096. */
  readonly rowLimit?: number;
}

/** What is known when the window is over. */
export interface DiagnosisContext {
  /** Wall time at both ends, and how long it was on a clock that nobody sets. */
  readonly window: { readonly start: Date; readonly end: Date; readonly lengthMs: number };
  readonly host: DiagnosisDocument["host"];
  /** Whom we watched, in words: `every process`, `--comm curl`. */
  readonly targets: string;
  /** Made elsewhere, of the same events. */
  readonly requests?: readonly EstimatedRequests[];
  readonly coverage: Coverage;
  /** What was seen to be used, and cannot be looked into. */
  readonly unseen?: readonly {
    readonly what: "unix" | "quic";
    readonly count: number;
    readonly owner: Pick<Owner, "pid" | "comm" | "startNs">;
  }[];
  /** The TLS library of a process, where one is known. */
  readonly tlsLibrary?: (owner: Pick<Owner, "pid" | "startNs">) => string | undefined;
  /** Records lost in the kernel, per probe. */
  readonly drops: Readonly<Record<string, number>>;
  /** And per signal. */
  readonly dropsBySignal?: Readonly<Partial<Record<SignalName, number>>>;
  readonly cost: AgentCost;
}

function dst(tuple: Tuple): Endpoint {
  return { ip: tuple.dstIp, port: tuple.dstPort };
}

export class Diagnosis {
  readonly #options: DiagnosisOptions;
  readonly #rows: Rows;
  readonly #who = new Map<string, Who>();
  /** Processes in containers of which nobody knew the name yet. */
  readonly #nameless = new Map<string, Owner>();
  readonly #peers = new PeerNames();
  readonly #errnoByName = new Map<string, number>();
  readonly #byKind: Record<string, number> = {};
  readonly #dnsFailures = new DnsFailures((event) => {
    const key = { kind: "dns_errors_total", peer: dst(event.tuple), query: event.queryName } as const;
    const row = this.#rows.get(key, this.#process(event.owner));
    row.add((event.tsNs - event.startNs) / MS);
    row.addCause(dnsCause(event));
  });
  readonly #connectFailures = new ConnectFailures((event) => {
    const key = { kind: "connect_errors_total", peer: dst(event.tuple) } as const;
    const row = this.#rows.get(key, this.#process(event.owner));
    const cause = errnoName(event.errno);
    this.#errnoByName.set(cause, event.errno);
    row.add((event.tsNs - event.startNs) / MS);
    row.addCause(cause);
  });
  readonly #unseen = new Unseen();
  readonly #sent = new SegmentsSent();
  #own = 0;
  #speaksFirst = 0;

  constructor(options: DiagnosisOptions = {}) {
    this.#options = options;
    this.#rows = new Rows(HINTS, options.rowLimit);
  }

  /** Takes one event, in about the order of time. */
  add(event: KernelEvent): void {
    this.#byKind[event.kind] = (this.#byKind[event.kind] ?? 0) + 1;
    if (event.owner.pid === this.#options.selfPid) {
      this.#own++;
      return;
    }
    const who = this.#process(event.owner);
    switch (event.kind) {
      case "dns":
        this.#peers.resolved(event);
        this.#dnsFailures.add(event);
        if (event.rcode !== null) {
          const key = { kind: "dns_latency_ms", peer: dst(event.tuple), query: event.queryName } as const;
          this.#rows.get(key, who).add((event.tsNs - event.startNs) / MS);
        }
        return;
      case "connect":
        this.#connectFailures.add(event);
        if (event.errno === 0) {
          this.#peers.connected(event);
          const row = this.#rows.get({ kind: "connect_latency_ms", peer: dst(event.tuple) }, who);
          row.add((event.tsNs - event.startNs) / MS);
        }
        return;
      case "exchange":
        if (event.phase === "first") this.#exchange(event, who);
        return;
      case "gap":
      case "unread": {
        if (event.kind === "gap" && [event.tuple.srcPort, event.tuple.dstPort].includes(SSH)) return;
        this.#told(event.kind === "gap" ? "stream_gap_ms" : "socket_wait_ms", event, who, event.tsNs - event.startNs);
        return;
      }
      case "tls": {
        if (!event.failed) {
          this.#options.onTls?.(event.owner);
          this.#unseen.add("tls", event.owner);
        }
        const kind = event.failed ? "tls_handshake_fail_total" : "tls_handshake_ms";
        const row = this.#told(kind, event, who, event.tsNs - event.startNs);
        if (event.failed) row.addCause(tlsFailure(event));
        return;
      }
      case "retransmit": {
        if (event.owner.pid === 0) return; // nobody's, as far as is known: in the event totals alone
        const row = this.#rows.get({ kind: "tcp_retransmits_total", ...endOf(event.tuple) }, who);
        row.add(0, event.segments);
        row.addCause(RETRANSMITTED[event.of], event.segments);
        if (row.key.role === "server") row.addName(event.tuple.dstIp);
        return;
      }
      case "segments":
        this.#sent.add(event);
        return;
      case "runq":
      case "throttled":
        this.#wait(event.kind, event.owner, who, event.tsNs - event.startNs, 1);
        return;
      case "wait_sum":
        this.#wait("runq", event.owner, who, event.runqNs, event.runqCount);
        this.#wait("throttled", event.owner, who, event.throttledNs, event.throttledCount);
        return;
      case "timer":
        return; // for the split of requests alone
      default:
        addHostEvent(this.#rows, event, who, {
          deviceName: this.#options.deviceName ?? ((numbers) => numbers),
          errnoByName: this.#errnoByName,
          ...(this.#options.cgroupInfo === undefined ? {} : { cgroupPlace: this.#options.cgroupInfo }),
        });
    }
  }

  /** Events so far, by kind. */
  get told(): Readonly<Record<string, number>> {
    return this.#byKind;
  }

  /** The document. Call it once, when no more events will come. */
  finish(context: DiagnosisContext): DiagnosisDocument {
    this.#dnsFailures.finish();
    this.#connectFailures.finish();
    for (const [process, owner] of this.#nameless) {
      const [who, place] = [this.#who.get(process), this.#options.processInfo?.(owner)];
      if (who !== undefined && place !== undefined) who.where = whereabouts(place);
    }
    const windowMs = Math.max(1, context.window.lengthMs);
    const names = { peers: this.#peers, errnoByName: this.#errnoByName };
    const rows = this.#rows.all();
    for (const row of rows) row.sent = this.#sent.of(row);
    const seen = observations(rows, names);
    const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
    return {
      schema: DIAGNOSIS_SCHEMA,
      window: {
        start: context.window.start.toISOString(),
        end: context.window.end.toISOString(),
        seconds: windowMs / 1000,
      },
      host: context.host,
      targets: context.targets,
      findings: findings(rows, windowMs, names),
      observed: seen.rows,
      observed_left_out: seen.leftOut,
      observed_limit: OBSERVED_LIMIT,
      requests: context.requests ?? [],
      coverage: { ...context.coverage, unprobed: [...context.coverage.unprobed, ...this.#unprobed(context)] },
      events: sum(this.#byKind),
      events_by_kind: { ...this.#byKind },
      drops: sum(context.drops),
      drops_by_probe: { ...context.drops },
      drops_by_signal: { ...context.dropsBySignal },
      cost: context.cost,
    };
  }

  #exchange(event: ExchangeEvent, who: Who): void {
    if (event.preexisting && event.turn === 0) this.#unseen.add("preexisting", event.owner);
    if (event.shared) {
      this.#unseen.add("shared", event.owner);
      return;
    }
    if (!roleFitsPorts(event)) {
      this.#speaksFirst++;
      return;
    }
    if (event.responseStart === null) return;
    this.#told("stream_ttft_ms", event, who, event.responseStart.ns - event.requestEnd.ns);
  }

  /** One duration on a socket. A server's clients, who have a port each, are one row; so are all connections to one peer. */
  #told(kind: SignalName, { role, tuple }: Pick<GapEvent, "role" | "tuple">, who: Who, ns: number): Row {
    const server = role === "server";
    const where = server ? { peer: null, local: { ip: tuple.srcIp, port: tuple.srcPort } } : { peer: dst(tuple) };
    const row = this.#rows.get({ kind, role, ...where }, who);
    row.add(Math.max(0, ns) / MS);
    if (server) row.addName(tuple.dstIp);
    return row;
  }

  /** Waits one by one, or `count` short ones as their sum: these enter the distribution at their mean. */
  #wait(what: "runq" | "throttled", owner: Owner, who: Who, ns: number, count: number): void {
    if (count === 0) return;
    const kind = what === "runq" ? "runqueue_delay_ms" : "cfs_throttled_ms";
    const row = this.#rows.get({ kind, peer: null }, who);
    row.add(ns / count / MS, count);
    row.addThread(owner.tid, ns / MS);
  }

  #process(owner: Owner): Who {
    const process = processKey(owner);
    let who = this.#who.get(process);
    if (who === undefined) {
      const info = this.#options.processInfo?.(owner);
      const { pid, comm } = owner;
      who = { process, pid, comm, cgroup: info?.cgroup ?? "", where: whereabouts(info) };
      this.#who.set(process, who);
      if (isNameless(who.where) && this.#nameless.size < MAX_PROCESSES) this.#nameless.set(process, owner);
      for (const oldest of this.#who.keys()) {
        if (this.#who.size <= MAX_PROCESSES) break;
        this.#who.delete(oldest);
      }
    }
    if (owner.comm !== "") who.comm = owner.comm;
    return who;
  }

  #unprobed(context: DiagnosisContext): Unprobed[] {
    for (const { what, count, owner } of context.unseen ?? []) {
      if (owner.pid !== this.#options.selfPid) this.#unseen.add(what, owner, count);
    }
    const rows: [number, string, string][] = [
      [
        this.#own,
        plural(this.#own, "event") + " of sloctl itself",
        "left out of findings; what it costs stands under cost",
      ],
      [
        this.#dnsFailures.excused,
        plural(this.#dnsFailures.excused, "failed DNS query", "failed DNS queries"),
        "the lookup as a whole was answered (search suffixes, IPv6 or reverse lookups, retries)",
      ],
      [
        this.#connectFailures.excused,
        plural(this.#connectFailures.excused, "connect") + " in vain",
        "the same port was reached at another address meanwhile (IPv6 tried first, or two tried at once)",
      ],
      [
        this.#speaksFirst,
        plural(this.#speaksFirst, "turn") + " on connections whose server speaks first",
        "who waits for whom cannot be told (SSH, SMTP, MySQL ...)",
      ],
    ];
    return [
      ...this.#unseen.rows(context.tlsLibrary),
      ...rows.filter(([n]) => n > 0).map(([_, what, reason]) => ({ what, reason })),
    ];
  }
}

function isNameless({ pod_uid, container_id, pod, container }: Who["where"]): boolean {
  return (pod_uid !== undefined && pod === undefined) || (container_id !== undefined && container === undefined);
}

/** All at once: the document of these events. */
export function diagnose(
  events: Iterable<KernelEvent>,
  context: DiagnosisContext & DiagnosisOptions,
): DiagnosisDocument {
  const diagnosis = new Diagnosis(context);
  for (const event of events) diagnosis.add(event);
  return diagnosis.finish(context);
}
