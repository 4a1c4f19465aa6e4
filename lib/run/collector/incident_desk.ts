/**
 * Incidents of every service a collector hears of: opened once, told again when it closes, attributed each time from all that is held.
 *
 * Time is that of the requests, moved on by the collector's clock while none come: what is sent late, or played again, is judged alike.
 */
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import { type IncidentChange, IncidentWatch, type RequestSample } from "../../slo/incident_watch.ts";
import { incidentEntry } from "../../store/entries.ts";
import type { Span } from "../../model/span.ts";
import type { Entry, Store } from "../../store/store.ts";
import { incidentDocument } from "./incident_document.ts";
import type { JudgedTrace } from "./judge.ts";

export interface IncidentDeskOptions {
  readonly store: Store;
  /** Unix ms. */
  readonly nowMs: () => number;
  readonly cluster: string;
  /** Of a span that names none; "": none. */
  readonly namespace: string;
  /** Of a service that does not name itself. */
  readonly service: string;
  readonly objectiveMs: number;
  /** Is told of each incident as it opens and as it closes, after it was stored. */
  readonly onIncident?: (incident: IncidentAttribution) => void;
  readonly onFault?: (error: unknown) => void;
}

interface Watched {
  /** Services of one name in two namespaces are two. */
  readonly key: string;
  readonly namespace: string;
  readonly service: string;
  readonly watch: IncidentWatch;
  pending: RequestSample[];
  /** When the watch looks next, and how far the data are, nanoseconds since the epoch. */
  nextNs: number;
  newestNs: number;
  /** The collector's clock when the newest came. */
  newestAtMs: number;
  id: string | null;
  /** When the last incident closed; -Infinity: there was none. */
  heardMs: number;
}

const TURN_NS = 1e9;
/** Silence is told to a watch in one step of this, and then skipped. */
const SILENCE_NS = 700e9;
const LONGEST_REQUEST_NS = 30e9;
const MOST_SERVICES = 256;
/** Entries looked at to attribute an incident. */
const MOST_ENTRIES = 60_000;
const DOCUMENT_BYTES = 4_000;

export class IncidentDesk {
  readonly #services = new Map<string, Watched>();
  readonly #epochNs: bigint;
  readonly #options: IncidentDeskOptions;
  #opened = 0;

  constructor(options: IncidentDeskOptions) {
    this.#options = options;
    this.#epochNs = BigInt(Math.round(options.nowMs())) * 1_000_000n;
  }

  get open(): number {
    return [...this.#services.values()].filter(({ watch }) => watch.open !== null).length;
  }

  /** Since the start. */
  get opened(): number {
    return this.#opened;
  }

  /** Up to when an incident told of this service, Unix ms; Infinity: it still does; -Infinity: none did. */
  heardMs(service: string): number {
    const own = [...this.#services.values()].filter((watched) => watched.service === service);
    return Math.max(-Infinity, ...own.map(({ watch, heardMs }) => watch.open === null ? heardMs : Infinity));
  }

  observe({ requests, events }: JudgedTrace): void {
    for (const { entry } of requests) {
      const own = events.filter(({ request_id }) => request_id === entry.spanId);
      const value = (name: string) => own.find(({ sli_name }) => sli_name === name)?.sli_value;
      const failed = value("error_rate") === 1;
      const service = own[0]?.service ?? this.#options.service;
      const watched = this.#of(own[0]?.namespace ?? this.#options.namespace, service);
      // By its end: the slowest are heard of last, and would be missing from a window of arrivals while it is looked at.
      const atNs = Number(entry.endNs - this.#epochNs);
      watched?.pending.push({ atNs, ttftMs: failed ? null : value("ttft_ms") ?? null, failed });
    }
  }

  /** Call it a few times a second. Never rejects. */
  async turn(): Promise<void> {
    for (const watched of this.#services.values()) {
      try {
        await this.#turn(watched);
      } catch (error) {
        this.#options.onFault?.(error);
      }
    }
  }

  async #turn(watched: Watched): Promise<void> {
    const nowMs = this.#options.nowMs();
    const due = watched.pending.sort((a, b) => a.atNs - b.atNs);
    watched.pending = [];
    for (const sample of due) {
      await this.#look(watched, sample.atNs);
      watched.watch.add(sample);
      if (sample.atNs > watched.newestNs) Object.assign(watched, { newestNs: sample.atNs, newestAtMs: nowMs });
    }
    await this.#look(watched, watched.newestNs + (nowMs - watched.newestAtMs) * 1e6);
  }

  /** Lets the watch look at every second up to `toNs`. */
  async #look(watched: Watched, toNs: number): Promise<void> {
    if (watched.nextNs === -Infinity) watched.nextNs = toNs + TURN_NS;
    if (toNs - watched.nextNs > SILENCE_NS) {
      await this.#change(watched, watched.watch.turn(watched.nextNs + SILENCE_NS / 2), watched.nextNs + SILENCE_NS / 2);
      watched.nextNs = toNs;
    }
    for (; watched.nextNs <= toNs; watched.nextNs += TURN_NS) {
      await this.#change(watched, watched.watch.turn(watched.nextNs), watched.nextNs);
    }
  }

  async #change(watched: Watched, change: IncidentChange | null, atNs: number): Promise<void> {
    if (change === null) return;
    const { incident } = change;
    const { store, cluster, objectiveMs, onIncident } = this.#options;
    if (change.kind === "closed") watched.heardMs = this.#options.nowMs();
    if (change.kind === "opened") {
      this.#opened++;
      watched.id = incidentId(this.#epochNs + BigInt(Math.round(incident.startNs)), watched);
    }
    // What the first of these requests looked up and opened was told long before it ended.
    const sinceNs = this.#epochNs + BigInt(Math.round(incident.baseline.fromNs - LONGEST_REQUEST_NS));
    const entries: Entry[] = [];
    await store.eachNewest(MOST_ENTRIES, { kinds: ["span", "probe"], sinceNs }, (entry) => entries.push(entry));
    const document = incidentDocument({
      id: watched.id!,
      namespace: watched.namespace,
      service: watched.service,
      incident,
      ...(change.kind === "closed" ? { closed: { atNs: closedAt(change, atNs), because: change.because } } : {}),
      epochNs: this.#epochNs,
      spans: entries.flatMap((entry) =>
        entry.kind === "span" && !this.#isOfNamesake(entry.document, watched) ? [entry.document] : []
      ).reverse(),
      probes: entries.flatMap((entry) => entry.kind === "probe" ? [entry.document] : []).reverse(),
      cluster,
      objectiveMs,
    });
    await store.append([incidentEntry(document, DOCUMENT_BYTES)]);
    onIncident?.(document);
  }

  /** Of a service of the same name in another namespace. */
  #isOfNamesake({ resource }: Span, { namespace, service }: Watched): boolean {
    const named = resource["k8s.namespace.name"];
    return resource["service.name"] === service &&
      (typeof named === "string" && named !== "" ? named : this.#options.namespace) !== namespace;
  }

  #of(namespace: string, service: string): Watched | null {
    const key = `${namespace}/${service}`;
    const known = this.#services.get(key);
    if (known !== undefined) return known;
    if (this.#services.size >= MOST_SERVICES && !this.#forgetOne()) return null;
    const made: Watched = {
      key,
      namespace,
      service,
      watch: new IncidentWatch({ objectiveMs: this.#options.objectiveMs }),
      pending: [],
      nextNs: -Infinity,
      newestNs: -Infinity,
      newestAtMs: 0,
      id: null,
      heardMs: -Infinity,
    };
    this.#services.set(key, made);
    return made;
  }

  /** The one that was silent longest, unless something is open there. False when all are busy. */
  #forgetOne(): boolean {
    const idle = [...this.#services.values()].filter(({ watch, pending }) =>
      watch.open === null && pending.length === 0
    );
    const [oldest] = idle.sort((a, b) => a.newestAtMs - b.newestAtMs);
    return oldest !== undefined && this.#services.delete(oldest.key);
  }
}

/** What recovered did so with its last slow request; of the others it is when that was seen. */
function closedAt({ incident }: IncidentChange, atNs: number): number {
  return Math.min(atNs, incident.endNs);
}

/** `inc-20260102030405678-rag-gateway`, or `-prod-rag-gateway` of a namespace: one service has one incident at a time. */
function incidentId(startNs: bigint, { namespace, service }: Watched): string {
  const at = new Date(Number(startNs / 1_000_000n)).toISOString().replace(/[^0-9]/g, "");
  const name = `${namespace.slice(0, 63)} ${service.slice(0, 64)}`.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "");
  return `inc-${at}${name === "" ? "" : `-${name}`}`;
}
