/**
 * The flight recorder: the last minutes of what the kernel told, kept in bounded memory and written to one file when requests become
 * slow, on SIGUSR2, and at the end. `sloctl agent --source replay --input FILE` reads it.
 */
import type { NamedPeers } from "../correlate/peers.ts";
import { WIRE } from "../decode/wire.gen.ts";
import { blockDeviceName } from "../host/block_devices.ts";
import type { Io } from "../model/io.ts";
import type { Anchor, ClockLine } from "../model/clock.ts";
import { type KernelEvent, NOBODY, type Owner, processKey } from "../model/kernel_event.ts";
import type { SignalName } from "../model/signals.ts";
import { bytes as size, duration } from "../report/format.ts";
import { SlowTrigger } from "../slo/slow_trigger.ts";
import { FlightBuffer } from "../source/flight_buffer.ts";
import { writeRecording } from "../source/recording.ts";
import type { Attached } from "./agent_attach.ts";
import type { WatchFacts } from "./agent_findings.ts";
import type { Place, Whose } from "./agent_whose.ts";
import { eventText, type FlightFacts, flightLines } from "./flight_file.ts";
import { watchFacts } from "./watch_facts.ts";

export interface FlightOptions {
  readonly keepMs: number;
  /** Where it is written at the end; other dumps get a time in their name. undefined: only when something happens, in this folder. */
  readonly dump: string | undefined;
  /** A request slower than this is slow. */
  readonly objectiveMs: number;
  readonly selfPid: number;
  readonly node: string;
  readonly peers: NamedPeers;
  readonly disabled: ReadonlySet<SignalName>;
  /** Whom the agent watches, in words. */
  readonly targets: string;
  readonly whose: Whose;
  /** TLS library of a process. */
  readonly library: (process: string) => string | undefined;
}

const MOST_PROCESSES = 16_384;
const MOST_GROUPS = 4_096;
const MOST_DEVICES = 256;
const MOST_SERVICES = 256;

export class FlightRecorder implements AsyncDisposable {
  readonly #options: FlightOptions;
  readonly #io: Pick<Io, "err">;
  readonly #buffer: FlightBuffer;
  /** By service: a program and the port it answers on. */
  readonly #triggers = new Map<string, SlowTrigger>();
  #restsUntilNs = -Infinity;
  readonly #owners = new Map<string, { readonly owner: Owner; readonly place: Place | undefined }>();
  readonly #groups = new Set<string>();
  readonly #devices = new Set<string>();
  readonly #encoder = new TextEncoder();
  readonly #onSignal = () => this.#soon("SIGUSR2");
  #agent: Attached | undefined;
  #start: Anchor | undefined;
  #clocks: ClockLine | undefined;
  /** One file after the other. */
  #writing: Promise<void> = Promise.resolve();

  constructor(options: FlightOptions, io: Pick<Io, "err">) {
    this.#options = options;
    this.#io = io;
    const keepNs = options.keepMs * 1e6;
    this.#buffer = new FlightBuffer({ keepNs });
  }

  /** For the watch: what crossed the ring, and what did not. */
  readonly hooks = {
    onRecord: (bytes: Uint8Array) => {
      const at = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(WIRE.event.ts_ns, true);
      this.#buffer.add("record", bytes, Number(at));
    },
    onTold: (event: KernelEvent) => this.#buffer.add("event", this.#encoder.encode(eventText(event)), event.tsNs),
  };

  /** From now on it answers to SIGUSR2. */
  watching(agent: Attached): void {
    this.#agent = agent;
    this.#clocks = agent.watch.clocks;
    this.#start = agent.watch.clocks.anchor;
    Deno.addSignalListener("SIGUSR2", this.#onSignal);
  }

  /** Every event, as it is handed over: whose it is can be asked only while they live. */
  note(event: KernelEvent): void {
    const { owner } = event;
    if (owner !== NOBODY) {
      const key = processKey(owner);
      if (!this.#owners.has(key)) {
        this.#owners.set(key, { owner, place: this.#options.whose.of(owner) });
        if (this.#owners.size > MOST_PROCESSES) this.#owners.delete(this.#owners.keys().next().value!);
      }
    }
    if (event.kind === "group_throttled" && this.#groups.size < MOST_GROUPS) this.#groups.add(event.cgroup);
    const device = event.kind === "disk"
      ? event.device
      : event.kind === "tally" && event.of.kind === "disk"
      ? event.of.device
      : null;
    if (device !== null && this.#devices.size < MOST_DEVICES) this.#devices.add(device);
    if (owner.pid === this.#options.selfPid) return;
    if (event.kind === "exchange" && event.phase === "first" && event.role === "server" && !event.shared) {
      const { responseStart, requestEnd } = event;
      if (responseStart === null) return;
      const slow = this.#triggerOf(`${owner.comm}|${event.tuple.srcPort}`);
      if (!slow.add(event.tsNs, (responseStart.ns - requestEnd.ns) / 1e6) || event.tsNs < this.#restsUntilNs) return;
      this.#restsUntilNs = event.tsNs + this.#options.keepMs * 1e6;
      this.#soon("slow_requests");
    }
  }

  #triggerOf(service: string): SlowTrigger {
    let trigger = this.#triggers.get(service);
    if (trigger === undefined) {
      const { objectiveMs, keepMs } = this.#options;
      this.#triggers.set(service, trigger = new SlowTrigger({ objectiveMs, restNs: keepMs * 1e6 }));
      if (this.#triggers.size > MOST_SERVICES) this.#triggers.delete(this.#triggers.keys().next().value!);
    }
    return trigger;
  }

  /** Writes the last file, where one was asked for, and waits for those under way. */
  async end(facts: WatchFacts): Promise<void> {
    this.#deafen();
    if (this.#options.dump !== undefined) this.#write("end", this.#options.dump, facts);
    await this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#deafen();
    await this.#writing;
  }

  #deafen(): void {
    if (this.#agent !== undefined) Deno.removeSignalListener("SIGUSR2", this.#onSignal);
    this.#agent = undefined;
  }

  #soon(reason: string): void {
    const agent = this.#agent;
    if (agent === undefined) return;
    const start = this.#start!;
    // Not inside the watch's own turn, which is not over yet.
    setTimeout(() => {
      if (this.#agent !== agent) return;
      agent.watch.flush();
      agent.watch.readClocks();
      this.#write(
        reason,
        dumpName(this.#options.dump, reason, new Date()),
        watchFacts(agent, this.#options.targets, start),
      );
    }, 0);
  }

  #write(reason: string, path: string, facts: WatchFacts): void {
    const watch = this.#within(facts);
    const lines = flightLines(this.#buffer, this.#facts(reason, watch), watch.end.monotonicNs);
    this.#writing = this.#writing.then(async () => {
      try {
        const written = await writeRecording(path, lines);
        const kept = duration(Math.round((watch.end.monotonicNs - watch.start.monotonicNs) / 1e6));
        this.#io.err(`sloctl: flight recorder (${reason}): the last ${kept} -> ${path}, ${size(written)}\n`);
      } catch (error) {
        this.#io.err(`sloctl: flight recorder (${reason}): ${(error as Error).message}\n`);
      }
    });
  }

  /** The watch, as far back as the buffer goes. */
  #within(facts: WatchFacts): WatchFacts {
    const { keepMs } = this.#options;
    const { start, end } = facts;
    const sinceNs = Math.max(start.monotonicNs, end.monotonicNs - keepMs * 1e6, this.#buffer.crowdedOutNs ?? 0);
    if (sinceNs === start.monotonicNs) return facts;
    const behindNs = BigInt(Math.round(end.monotonicNs - sinceNs));
    return { ...facts, start: { monotonicNs: sinceNs, unixNs: end.unixNs - behindNs } };
  }

  #facts(reason: string, watch: WatchFacts): FlightFacts {
    const { whose, library, selfPid, node, peers, disabled } = this.#options;
    const [places, groups, libraries] = [new Map<string, Place>(), new Map<string, Place>(), new Map<string, string>()];
    for (const [key, { owner, place }] of this.#owners) {
      const known = whose.of(owner) ?? place;
      if (known !== undefined) places.set(key, known);
      const name = library(key);
      if (name !== undefined) libraries.set(key, name);
    }
    for (const path of this.#groups) {
      const known = whose.ofCgroup(path);
      if (known !== undefined) groups.set(path, known);
    }
    const devices = new Map([...this.#devices].map((numbers) => [numbers, blockDeviceName(numbers)]));
    return {
      reason,
      watch,
      clocks: this.#clocks!,
      selfPid,
      node,
      peers,
      disabled: [...disabled],
      places,
      groups,
      devices,
      libraries,
    };
  }
}

/** `x.jsonl.gz` -> `x-20260102T030405Z-SIGUSR2.jsonl.gz`. */
export function dumpName(dump: string | undefined, reason: string, at: Date): string {
  const stamp = at.toISOString().replace(/[-:]|\.\d+/g, "");
  const [, stem = "sloctl-flight", extension = ".jsonl.gz"] =
    /^(.*?)((?:\.[A-Za-z][^./]*)*)$/.exec(dump ?? "sloctl-flight.jsonl.gz") ?? [];
  return `${stem}-${stamp}-${reason}${extension || ".jsonl.gz"}`;
}
