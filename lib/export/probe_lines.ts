/**
 * ProbeEvents as lines, without the documents: byte for byte what `toProbeEvents` and `LineBuffer.json` make of the same event. An agent
 * writes thousands of them a second, and most of a line says whose it is: that is made once for each thread.
 */
import type { UnixTime } from "../model/clock.ts";
import type { Owner, Tuple } from "../model/kernel_event.ts";
import { PROBE_EVENT_SCHEMA, type ProbeStatus } from "../model/probe_event.ts";
import { type SignalName, SIGNALS } from "../model/signals.ts";
import type { LineBuffer } from "./line_buffer.ts";
import { type EventIdentity, identityAttributes, type ProbeEventContext, readingStatus } from "./probe_event.ts";
import type { Reading } from "./reading.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const bytes = (text: string): Bytes => encoder.encode(text);
const json = (value: unknown) => JSON.stringify(value);
/** The members of an object as they stand in one that has others before: with a comma, without braces. */
const members = (object: object) => Object.keys(object).length === 0 ? "" : `,${json(object).slice(1, -1)}`;

const FIRST = bytes('{"ts_unix_nano":');
const ATTRIBUTES = bytes(',"attributes":{');
const CLOSE = bytes("}");
const HISTOGRAM = bytes(',"histogram":');

/** After the value, by signal and status. */
const UNITS = new Map(SIGNALS.map(({ signal, unit }): [string, Record<ProbeStatus, Bytes>] => {
  const of = (status: ProbeStatus) => bytes(members({ unit, status }));
  return [signal, { ok: of("ok"), warning: of("warning"), error: of("error") }];
}));

/** What all lines of one thread share, as long as its identity is the same. */
interface Whose {
  readonly identity: EventIdentity | undefined;
  /** Between the stamp and the value, by signal. */
  readonly heads: Map<SignalName, Bytes>;
  /** From `schema` to `netns`. */
  readonly process: Bytes;
  /** The last attributes; empty: it has none. */
  readonly attributes: Bytes;
  /** Of the connection told last: most threads tell of one again and again. */
  tuple: Tuple | undefined;
  connTuple: Bytes;
}

export interface LinesContext extends Omit<ProbeEventContext, "process" | "toUnixNs"> {
  /** Kernel clock, in nanoseconds, to Unix time. */
  readonly toUnix: (ns: number, out: UnixTime) => void;
}

export class ProbeLines {
  readonly #context: LinesContext;
  readonly #before: Bytes;
  readonly #after: Bytes;
  /** Used again for every line. */
  readonly #at: UnixTime = { seconds: 0, ns: 0 };
  readonly #known = new WeakMap<Owner, Whose>();
  #last: { readonly owner: Owner; readonly whose: Whose } | undefined;

  /** `before` and `after` stand around every document. */
  constructor(context: LinesContext, before = "", after = "") {
    this.#context = context;
    this.#before = bytes(before);
    this.#after = bytes(after);
  }

  /** Adds one line; `identity` is that of the event's process. */
  add(reading: Reading, owner: Owner, identity: EventIdentity | undefined, to: LineBuffer): void {
    const { signal, tuple, histogram } = reading;
    const whose = this.#whose(owner, identity, reading.cgroup);
    to.bytesOf(this.#before);
    to.bytesOf(FIRST);
    this.#context.toUnix(reading.endNs, this.#at);
    to.unixTime(this.#at);
    to.bytesOf(whose.heads.get(signal) ?? this.#head(whose, owner, signal));
    to.value(reading.value);
    to.bytesOf(UNITS.get(signal)![readingStatus(reading)]);
    if (tuple !== undefined) to.bytesOf(connTuple(whose, tuple));
    if (reading.traceId) to.member("trace_id", reading.traceId);
    if (reading.spanId) to.member("span_id", reading.spanId);
    if (reading.errno !== undefined) to.member("errno", reading.errno);
    if (this.#context.schemaVersion !== "v1alpha1") {
      to.bytesOf(whose.process);
      this.#attributes(reading.attributes, whose, to);
      if (histogram !== undefined) {
        to.bytesOf(HISTOGRAM);
        to.value(histogram);
      }
    }
    to.bytesOf(CLOSE);
    to.bytesOf(this.#after);
    to.endLine();
  }

  #attributes(attributes: Reading["attributes"], whose: Whose, to: LineBuffer): void {
    let any = false;
    for (const name in attributes) {
      const value = attributes[name];
      if (value === undefined) continue;
      if (!any) to.bytesOf(ATTRIBUTES);
      to.member(name, value, any);
      any = true;
    }
    if (whose.attributes.length > 0) {
      if (!any) to.bytesOf(ATTRIBUTES);
      to.bytesOf(any ? whose.attributes : whose.attributes.subarray(1));
      any = true;
    }
    if (any) to.bytesOf(CLOSE);
  }

  #whose(owner: Owner, identity: EventIdentity | undefined, cgroup: string | undefined): Whose {
    if (cgroup !== undefined) return this.#make(owner, identity, cgroup);
    if (this.#last?.owner === owner && this.#last.whose.identity === identity) return this.#last.whose;
    let whose = this.#known.get(owner);
    if (whose === undefined || whose.identity !== identity) {
      whose = this.#make(owner, identity, identity?.cgroup);
      this.#known.set(owner, whose);
    }
    this.#last = { owner, whose };
    return whose;
  }

  #make(owner: Owner, identity: EventIdentity | undefined, cgroup: string | undefined): Whose {
    const { pid, comm, netns } = owner;
    const process = identity?.exe === undefined ? { comm } : { comm, exe: identity.exe };
    return {
      identity,
      heads: new Map(),
      process: bytes(members({
        schema: PROBE_EVENT_SCHEMA,
        ...(pid !== 0 && { process }),
        ...(cgroup !== undefined && { cgroup }),
        ...(netns !== 0 && { netns }),
      })),
      attributes: bytes(members(identityAttributes(identity) ?? {})),
      tuple: undefined,
      connTuple: new Uint8Array(),
    };
  }

  #head({ heads, identity }: Whose, { pid, tid }: Owner, signal: SignalName): Bytes {
    const { node, namespace, pod, container } = this.#context;
    const head = bytes(
      members({
        signal,
        node,
        namespace: namespace || (identity?.namespace ?? ""),
        pod: pod || (identity?.pod ?? ""),
        container: container || (identity?.container ?? ""),
        pid,
        tid,
      }) + ',"value":',
    );
    heads.set(signal, head);
    return head;
  }
}

function connTuple(whose: Whose, tuple: Tuple): Bytes {
  const last = whose.tuple;
  const same = last !== undefined && last.srcPort === tuple.srcPort && last.dstPort === tuple.dstPort &&
    last.srcIp === tuple.srcIp && last.dstIp === tuple.dstIp && last.protocol === tuple.protocol;
  if (same) return whose.connTuple;
  const { srcIp, dstIp, srcPort, dstPort, protocol } = tuple;
  whose.tuple = tuple;
  // Addresses and protocols need no escapes.
  whose.connTuple = bytes(
    `,"conn_tuple":{"src_ip":"${srcIp}","dst_ip":"${dstIp}","src_port":${srcPort},"dst_port":${dstPort},"protocol":"${protocol}"}`,
  );
  return whose.connTuple;
}
