/** RunData <-> a recording. */
import { Resolutions } from "../../correlate/resolutions.ts";
import { decodeRecord } from "../../decode/record.ts";
import { WIRE } from "../../decode/wire.gen.ts";
import type { ClientSample } from "./client.ts";
import { IoError } from "../../model/errors.ts";
import { type GroupThrottledEvent, type KernelEvent, NOBODY, type StealEvent } from "../../model/kernel_event.ts";
import { decodeTraces, encodeTraces } from "../../otlp/mod.ts";
import { readRecording, type RecordedLine, RECORDING_SCHEMA, writeRecording } from "../../source/recording.ts";
import type { Label, RunData } from "./run_data.ts";

/** What of a run the kernel and the spans do not say: the head and the end of a recording. */
type Head = Pick<
  RunData,
  "faultAsked" | "blind" | "host" | "provenance" | "phases" | "cgroups" | "coverage" | "drops" | "cost" | "clockBreaks"
>;

/** Structs that never cross the ring. */
const NOT_RECORDED = ["thread", "config", "tuning", "timed", "tallyKey", "unseenKey", "unseen"];

/** Identifies the wire format: sizes of all records. */
const WIRE_SIZES = Object.entries(WIRE).filter(([name]) => !NOT_RECORDED.includes(name))
  .map(([name, { size }]) => `${name}:${size}`);

/** A recording of another format is refused, not misread; one made before a kind of record was added can be read. */
function readable(wire: string): boolean {
  return wire.split(" ").every((size) =>
    WIRE_SIZES.includes(size) || NOT_RECORDED.some((n) => size.startsWith(`${n}:`))
  );
}

/** Returns the bytes written. @throws IoError */
export function record(path: string, run: RunData, records: readonly Uint8Array[], label: Label): Promise<number> {
  return writeRecording(path, lines(run, records, label));
}

function* lines(run: RunData, records: readonly Uint8Array[], label: Label): Generator<RecordedLine> {
  const { faultAsked, blind, host, provenance, phases, cgroups, coverage, drops, cost, anchor, clockBreaks = [] } = run;
  const head: Head = { faultAsked, blind, host, provenance, phases, cgroups, coverage, drops, cost, clockBreaks };
  const meta = {
    schema: RECORDING_SCHEMA,
    wire: WIRE_SIZES.join(" "),
    anchor: { ...anchor, unixNs: `${anchor.unixNs}` },
    ...head,
  };
  yield { kind: "meta", payload: meta };
  for (const bytes of records) yield { kind: "record", payload: { hex: bytes.toHex() } };
  for (const event of run.events) {
    if (event.kind !== "steal" && event.kind !== "group_throttled") continue;
    const { owner: _nobody, ...rest } = event;
    yield { kind: "event", payload: rest };
  }
  yield { kind: "spans", payload: { otlp: new TextDecoder().decode(encodeTraces(run.spans, "json")) } };
  for (const sample of run.samples) yield { kind: "sample", payload: { ...sample } };
  yield { kind: "end", payload: { records: records.length } };
  yield { kind: "label", payload: { ...label } };
}

/** The run as it was, marked as a replay. @throws IoError when the file cannot be used. */
export async function replay(path: string | URL): Promise<{ data: RunData; openLabel: () => Promise<Label> }> {
  const recorded = await readRecording(path);
  const meta = recorded[0]!.payload as unknown as Head & {
    wire: string;
    anchor: { monotonicNs: number; unixNs: string };
  };
  if (!readable(meta.wire)) {
    throw new IoError(
      `Cannot replay "${path}": it was recorded with another wire format`,
      "Record it again: sloctl demo --record FILE",
    );
  }
  const events: KernelEvent[] = [];
  const resolutions = new Resolutions();
  let refused = 0;
  for (const { kind, payload } of recorded) {
    if (kind === "event") events.push({ ...payload, owner: NOBODY } as unknown as StealEvent | GroupThrottledEvent);
    if (kind !== "record") continue;
    const bytes = Uint8Array.fromHex(String(payload.hex));
    const event = decodeRecord(new DataView(bytes.buffer), 0, bytes.byteLength);
    if (typeof event === "string") refused++;
    else events.push(event.kind === "dns" ? { ...event, resolution: resolutions.of(event) } : event);
  }
  const spans = recorded.filter((line) => line.kind === "spans")
    .flatMap((line) => decodeTraces(new TextEncoder().encode(String(line.payload.otlp)), "json").spans);
  const data: RunData = {
    mode: "replay",
    faultAsked: meta.faultAsked,
    blind: meta.blind,
    anchor: { monotonicNs: meta.anchor.monotonicNs, unixNs: BigInt(meta.anchor.unixNs) },
    clockBreaks: meta.clockBreaks ?? [],
    phases: meta.phases,
    events,
    spans,
    samples: recorded.filter((line) => line.kind === "sample").map((line) => line.payload as unknown as ClientSample),
    cgroups: meta.cgroups,
    coverage: meta.coverage,
    drops: refused === 0 ? meta.drops : { ...meta.drops, decode_refused: refused },
    cost: meta.cost,
    host: meta.host,
    provenance: meta.provenance,
  };
  const label = recorded.find((line) => line.kind === "label")?.payload as unknown as Label | undefined;
  return {
    data,
    openLabel: () =>
      label === undefined
        ? Promise.reject(new IoError(`Cannot judge "${path}": it holds no label`))
        : Promise.resolve(label),
  };
}
