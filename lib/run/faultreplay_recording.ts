/** A recorded run as the documents it gave, in their order and at any speed: lines, or spans sent to a collector. */
import { postTraces } from "../export/otlp_traces.ts";
import { toProbeEvents } from "../export/probe_event.ts";
import { toUnixNs } from "../model/clock.ts";
import type { Io } from "../model/io.ts";
import type { Span } from "../model/span.ts";
import { signalUrl } from "../otlp/endpoint.ts";
import { encodeTraces } from "../otlp/mod.ts";
import { plural } from "../report/format.ts";
import { replay } from "./demo/recorded.ts";
import type { RunData } from "./demo/run_data.ts";
import { writeLines } from "./lines.ts";
import { pacer } from "./pace.ts";

export interface ReplayOptions {
  readonly input: string;
  readonly speed: number;
  readonly out: string;
  readonly otlpEndpoint: string | undefined;
}

/** Something of the run at its moment, Unix nanoseconds. */
type Moment = { readonly atNs: bigint; readonly span: Span } | { readonly atNs: bigint; readonly line: ReplayLine };

interface ReplayLine {
  readonly kind: "probe" | "spans";
  readonly payload: unknown;
  readonly replay: true;
}

/** Spans that end within this are sent together. */
const BATCH_MS = 200;

/** @throws IoError when the recording cannot be read, a line not written, or the collector does not take the spans. */
export async function replayRecording(options: ReplayOptions, io: Io): Promise<void> {
  const url = options.otlpEndpoint === undefined ? null : signalUrl(options.otlpEndpoint, "traces");
  const wait = pacer(options.speed, io.stop);
  const { data } = await replay(options.input);
  if (url !== null) {
    const sent = await send(data, url, wait, io);
    io.err(`sloctl: ${plural(sent, "span")} of ${options.input} -> ${url}; probe events have no OTLP form yet\n`);
    return;
  }
  const moments = [...spanMoments(data), ...probeMoments(data)].sort((a, b) =>
    a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0
  );
  function* lines(): Generator<ReplayLine & { atNs: bigint }> {
    for (const moment of moments) {
      const line = "line" in moment ? moment.line : spanLine(moment.span);
      yield Object.defineProperty({ ...line, atNs: moment.atNs }, "atNs", { enumerable: false });
    }
  }
  const pace = options.speed === 0 ? undefined : (line: { atNs: bigint }) => wait(line.atNs);
  const written = await writeLines(options.out, lines(), io, pace);
  if (options.out !== "-") io.err(`sloctl: ${plural(written, "line")} of ${options.input} -> ${options.out}\n`);
}

function spanMoments(run: RunData): Moment[] {
  return run.spans.map((span) => ({ atNs: span.endNs, span: marked(span) }));
}

function marked(span: Span): Span {
  return { ...span, resource: { ...span.resource, replay: true } };
}

function spanLine(span: Span): ReplayLine {
  const payload: unknown = JSON.parse(new TextDecoder().decode(encodeTraces([span], "json")));
  return { kind: "spans", payload, replay: true };
}

function probeMoments(run: RunData): Moment[] {
  const context = {
    node: run.host.name,
    namespace: "",
    pod: "",
    container: "",
    toUnixNs: (ns: number) => toUnixNs(run.anchor, ns),
    process: () => undefined,
    schemaVersion: "v1alpha2",
  } as const;
  return run.events.flatMap((event) => toProbeEvents(event, context)).map((payload) => ({
    atNs: payload.ts_unix_nano,
    line: { kind: "probe", payload, replay: true },
  }));
}

async function send(run: RunData, url: string, wait: (atNs: bigint) => Promise<void>, io: Io): Promise<number> {
  const spans = run.spans.map(marked).sort((a, b) => a.endNs < b.endNs ? -1 : 1);
  let sent = 0;
  for (let from = 0; from < spans.length; from = sent) {
    const until = spans[from]!.endNs + BigInt(BATCH_MS * 1e6);
    const next = spans.findIndex((span, i) => i > from && span.endNs > until);
    const batch = spans.slice(from, next < 0 ? undefined : next);
    await wait(batch.at(-1)!.endNs);
    io.stop.throwIfAborted();
    await postTraces(url, batch, { signal: io.stop });
    sent = from + batch.length;
  }
  return sent;
}
