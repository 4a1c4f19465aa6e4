/** An agent's last minutes as a file, and back. */
import { Resolutions } from "../correlate/resolutions.ts";
import type { NamedPeers } from "../correlate/peers.ts";
import { decodeRecord } from "../decode/record.ts";
import { WIRE } from "../decode/wire.gen.ts";
import { type Anchor, ClockLine, type ClockStretch } from "../model/clock.ts";
import { IoError } from "../model/errors.ts";
import { type KernelEvent, NOBODY } from "../model/kernel_event.ts";
import type { SignalName } from "../model/signals.ts";
import type { FlightBuffer } from "../source/flight_buffer.ts";
import { FLIGHT_SCHEMA, type RecordedLine } from "../source/recording.ts";
import type { WatchFacts } from "./agent_findings.ts";
import type { Place } from "./agent_whose.ts";

/** What an agent knows beside what the kernel told. */
export interface FlightFacts {
  /** Why it was written: `end`, `slow_requests`, `SIGUSR2`. */
  readonly reason: string;
  readonly watch: WatchFacts;
  readonly clocks: ClockLine;
  readonly selfPid: number;
  readonly disabled: readonly SignalName[];
  readonly peers: NamedPeers;
  readonly node: string;
  /** By processKey; and by path of a control group. */
  readonly places: ReadonlyMap<string, Place>;
  readonly groups: ReadonlyMap<string, Place>;
  /** `254:0` -> `vda`. */
  readonly devices: ReadonlyMap<string, string>;
  /** TLS libraries by processKey. */
  readonly libraries: ReadonlyMap<string, string>;
}

/** A recording of another wire format is refused, not misread. */
const WIRE_SIZES = Object.entries(WIRE).map(([name, { size }]) => `${name}:${size}`).join(" ");

/** The lines of the file; `nowNs` on the kernel's clock. */
export function* flightLines(buffer: FlightBuffer, facts: FlightFacts, nowNs: number): Generator<RecordedLine> {
  const { clocks, watch, places, groups, devices, libraries, disabled, ...rest } = facts;
  yield {
    kind: "meta",
    payload: {
      schema: FLIGHT_SCHEMA,
      wire: WIRE_SIZES,
      ...rest,
      disabled,
      watch: { ...watch, start: anchorText(watch.start), end: anchorText(watch.end) },
      clocks: {
        stretches: clocks.stretches.map(({ fromNs, reading }) => ({
          fromNs: Number.isFinite(fromNs) ? fromNs : null,
          reading: { ...reading, unixNs: `${reading.unixNs}` },
        })),
        breaks: clocks.breaks,
      },
      places: [...places],
      groups: [...groups],
      devices: [...devices],
      libraries: [...libraries],
    },
  };
  const decoder = new TextDecoder();
  let count = 0;
  for (const { kind, bytes } of buffer.entries(nowNs)) {
    count++;
    if (kind === "record") yield { kind, payload: { hex: bytes.toHex() } };
    else yield { kind, payload: JSON.parse(decoder.decode(bytes)) };
  }
  yield { kind: "end", payload: { records: count } };
}

export interface Flight extends FlightFacts {
  readonly events: readonly KernelEvent[];
}

interface SavedStretch {
  readonly fromNs: number | null;
  readonly reading: Omit<ClockStretch["reading"], "unixNs"> & { readonly unixNs: string };
}

/** @throws IoError when it was written by another version whose records are not ours. */
export function readFlight(path: string, lines: readonly RecordedLine[]): Flight {
  // deno-lint-ignore no-explicit-any -- our own file, of a schema that was looked at
  const meta = lines[0]!.payload as any;
  if (meta.wire !== WIRE_SIZES) {
    throw new IoError(
      `Cannot replay "${path}": it was recorded with another wire format`,
      "Use the version of sloctl that wrote it",
    );
  }
  const resolutions = new Resolutions();
  const events: KernelEvent[] = [];
  let refused = 0;
  for (const { kind, payload } of lines) {
    const event = kind === "record" ? decoded(payload) : kind === "event" ? told(payload) : undefined;
    if (event === undefined) continue;
    if (typeof event === "string") refused++;
    else events.push(event.kind === "dns" ? { ...event, resolution: resolutions.of(event) } : event);
  }
  const { stretches, breaks } = meta.clocks;
  const watch = { ...meta.watch, start: anchor(meta.watch.start), end: anchor(meta.watch.end) } as WatchFacts;
  return {
    ...meta,
    watch: refused === 0 ? watch : { ...watch, drops: { ...watch.drops, decode_refused: refused } },
    clocks: ClockLine.of(
      (stretches as readonly SavedStretch[]).map(({ fromNs, reading }): ClockStretch => ({
        fromNs: fromNs ?? -Infinity,
        reading: { ...reading, unixNs: BigInt(reading.unixNs) },
      })),
      breaks,
    ),
    places: new Map(meta.places),
    groups: new Map(meta.groups),
    devices: new Map(meta.devices),
    libraries: new Map(meta.libraries),
    events,
  };
}

/** As it stands in the buffer: 64-bit ids as text. */
export function eventText(event: KernelEvent): string {
  const { owner, ...rest } = event;
  return JSON.stringify({ ...rest, owner: owner === NOBODY ? null : { ...owner, cgroupId: `${owner.cgroupId}` } });
}

function told(payload: RecordedLine["payload"]): KernelEvent {
  const owner = payload.owner as { cgroupId: string } | null;
  return {
    ...payload,
    owner: owner === null ? NOBODY : { ...owner, cgroupId: BigInt(owner.cgroupId) },
  } as unknown as KernelEvent;
}

function decoded({ hex }: RecordedLine["payload"]): ReturnType<typeof decodeRecord> {
  const bytes = Uint8Array.fromHex(String(hex));
  return decodeRecord(new DataView(bytes.buffer), 0, bytes.byteLength);
}

function anchorText({ monotonicNs, unixNs }: Anchor): { monotonicNs: number; unixNs: string } {
  return { monotonicNs, unixNs: `${unixNs}` };
}

function anchor({ monotonicNs, unixNs }: { monotonicNs: number; unixNs: string }): Anchor {
  return { monotonicNs, unixNs: BigInt(unixNs) };
}
