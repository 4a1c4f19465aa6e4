/** `sloctl collector`: SLO events from raw samples, from spans and kernel events, from a file or as they arrive. */
import { EXIT, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import type { SloEvent } from "../model/slo_event.ts";
import { count, plural } from "../report/format.ts";
import { fromRawSample } from "../slo/from_samples.ts";
import type { WatchLimits } from "../serve/watch.ts";
import type { Documents } from "../source/documents.ts";
import type { StoreOptions } from "./collector/open_store.ts";
import { type JoinOptions, joinSpans } from "./collector_join.ts";
import { receiveSpans } from "./collector_listen.ts";
import { readDocumentFiles, refuseTruncated } from "./documents_input.ts";
import { openLines } from "./lines.ts";
import type { SendOptions } from "./send_options.ts";
import { openSending, refuseLosses } from "./sending.ts";

export interface CollectorOptions extends JoinOptions {
  /** `-` is standard input. */
  readonly inputs: readonly string[];
  /** `-` is standard output. */
  readonly out: string;
  /** `host:port`; undefined: no port is opened. */
  readonly listen: string | undefined;
  /** `host:port`, `off`; undefined: the usual port, if it is free. */
  readonly listenGrpc: string | undefined;
  /** `host:port` for Prometheus alone. */
  readonly metricsBind: string | undefined;
  /** Paths of PEM files. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly clientCa: string | undefined;
  /** Who may come in; undefined: whoever reaches the port. */
  readonly tokenFile?: string | undefined;
  /** Where this collector is, as tokens call it; "": it is not told. */
  readonly region?: string;
  /** Of those who watch the stream of events; undefined: the usual limits. */
  readonly watch?: WatchLimits;
  /** Plain text off loopback is meant. */
  readonly insecureListen: boolean;
  /** Name of the file of objectives; null: `tracker` is null too. */
  readonly sloFile: string | null;
  /** The program's own. */
  readonly version: string;
  /** Stop after so many SLO events; 0: no limit. */
  readonly count: number;
  readonly store: StoreOptions;
  /** Where enriched spans and incidents go. */
  readonly send: SendOptions;
}

/** How long a run that ends by itself tries to deliver what it made. */
const DRAIN_MS = 60_000;

/**
 * Resolves to the exit code: at the end of the input, or with `listen` when stopped.
 *
 * @throws UsageError, IoError
 */
export async function collector(options: CollectorOptions, io: Io): Promise<number> {
  if (options.listen === undefined && options.inputs.length === 0) {
    throw new UsageError(
      "Cannot collect: there is neither an input nor an address to listen on",
      "Give --input FILE, or --listen 127.0.0.1:4318 for an OTLP receiver",
    );
  }
  if (options.count < 0) {
    throw new UsageError(`Cannot stop after "${options.count}" events: it is negative`, "0 is no limit");
  }
  if (options.listen === undefined && options.store.dir !== undefined) {
    throw new UsageError(
      `Cannot keep it in "${options.store.dir}": nothing is stored without a receiver`,
      "Give --listen 127.0.0.1:4318 too",
    );
  }
  if (options.listen !== undefined) {
    await receiveSpans({ ...options, listen: options.listen }, io);
    return EXIT.ok;
  }
  const documents = await readDocumentFiles(options.inputs, io);
  await using sending = await openSending(options.send, io);
  using writer = openLines(options.out, io);
  const { events, spans } = joinSpans(documents.spans, documents.probes, options, Date.now());
  sending.spans(spans);
  for (const event of sloEventsIn(documents, events, options)) {
    io.stop.throwIfAborted();
    writer.write(event);
    if (options.count > 0 && writer.lines >= options.count) break;
  }
  writer.close();
  tell(documents, writer.lines, io);
  refuseLosses(await sending.close(DRAIN_MS, io.stop));
  refuseTruncated(documents);
  return EXIT.ok;
}

/** Those that are already SLO events pass as they are. */
function* sloEventsIn(documents: Documents, joined: readonly SloEvent[], options: JoinOptions): Generator<SloEvent> {
  yield* documents.slo;
  for (const sample of documents.raw) yield* fromRawSample(sample, options.objectives);
  yield* joined;
}

function tell({ probes, spans, raw, slo, faults }: Documents, written: number, io: Pick<Io, "err">): void {
  const read = [[raw.length, "raw samples"], [slo.length, "SLO events"], [spans.length, "spans"], [
    probes.length,
    "probe events",
  ]];
  const words = read.filter(([n]) => n !== 0).map(([n, what]) => `${count(n as number)} ${what}`).join(", ");
  io.err(`sloctl: ${plural(written, "SLO event")} from ${words || "nothing"}\n`);
  if (probes.length > 0 && spans.length === 0) {
    io.err(
      "sloctl: probe events alone measure no indicator: give spans with them, or estimate requests with sloctl attributor\n",
    );
  }
  if (faults.length > 0) {
    io.err(`sloctl: ${plural(faults.length, "fault sample")} left out: they are the attributor's\n`);
  }
}
