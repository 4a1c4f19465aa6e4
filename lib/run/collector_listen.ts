/** The collector as a receiver: OTLP over HTTP and gRPC, kernel events from a file, a pipe or OTLP logs; all joined as it comes. */
import { parseProbeEvent } from "../export/probe_event_json.ts";
import { LoopLag } from "../host/loop_lag.ts";
import { sleep } from "../host/sleep.ts";
import { IoError } from "../model/errors.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import type { Io } from "../model/io.ts";
import type { SloEvent } from "../model/slo_event.ts";
import { count, plural } from "../report/format.ts";
import { printable } from "../report/text.ts";
import { type Address, isLoopback, parseAddress, refuseOpen } from "../serve/address.ts";
import { type HttpListener, listenHttp } from "../serve/http_server.ts";
import { adminRoute } from "../serve/admin_http.ts";
import { audited } from "../serve/audited.ts";
import { guarded } from "../serve/guarded.ts";
import { counted, type Route } from "../serve/http.ts";
import { type GrpcOptions, type GrpcServer, serveGrpc } from "../serve/otlp_grpc.ts";
import { otlpRoute } from "../serve/otlp_http.ts";
import { OtlpReceiver } from "../serve/otlp_receiver.ts";
import { queryRoute } from "../serve/query_http.ts";
import { ownNamesOnly } from "../serve/rebinding.ts";
import { routes } from "../serve/routes.ts";
import { traced } from "../serve/traced.ts";
import { readTls } from "../serve/tls.ts";
import { fromRawSample } from "../slo/from_samples.ts";
import { Watchers } from "../serve/watch.ts";
import { watchRoute } from "../serve/watch_http.ts";
import { emptyDocuments, readDocuments } from "../source/documents.ts";
import { claimed } from "./collector/claimed.ts";
import { BurnDesk } from "./collector/burn_desk.ts";
import { IncidentDesk } from "./collector/incident_desk.ts";
import { closeLeftOpen } from "./collector/left_open.ts";
import { restoreSlo } from "./collector/restore_slo.ts";
import { feed } from "./collector/inputs.ts";
import { CollectorMetrics } from "./collector/metrics.ts";
import { openStore } from "./collector/open_store.ts";
import type { JudgedTrace } from "./collector/judge.ts";
import { Pipeline } from "./collector/pipeline.ts";
import { auditor } from "./collector/audit.ts";
import { openDoor } from "./collector/secured.ts";
import type { CollectorOptions } from "./collector.ts";
import { enrichedSpan } from "./enriched_span.ts";
import { openLines } from "./lines.ts";
import { Agents } from "./query/agents.ts";
import { byNamespace } from "./query/by_namespace.ts";
import { CountedNamespaces } from "./query/counted_namespaces.ts";
import { scoped } from "./query/scoped.ts";
import { querySource } from "./query/source.ts";
import { watchSource } from "./query/watch_source.ts";
import { openSending, refuseLoop } from "./sending.ts";

const TURN_MS = 250;
/** After a signal: so long for what is still to be sent. The rest stays in the spool. */
const LEAVE_MS = 3_000;
const GRPC_ADDRESS = "127.0.0.1:4317";

/** Until SIGINT or SIGTERM, or until `count` events were written; then everything held is judged. @throws UsageError, IoError */
export async function receiveSpans(options: CollectorOptions & { readonly listen: string }, io: Io): Promise<void> {
  const tls = readTls({ cert: options.tlsCert, key: options.tlsKey, clientCa: options.clientCa });
  const secured = tls !== undefined || options.insecureListen;
  const address = parseAddress(options.listen, "--listen 127.0.0.1:4318");
  refuseOpen(options.listen, address, secured);
  const grpcAddress = options.listenGrpc === "off" ? null : parseAddress(
    options.listenGrpc ?? GRPC_ADDRESS,
    "--listen-grpc 127.0.0.1:4317, or off",
  );
  if (grpcAddress !== null) refuseOpen(options.listenGrpc ?? GRPC_ADDRESS, grpcAddress, secured);
  const metricsAddress = options.metricsBind === undefined
    ? null
    : parseAddress(options.metricsBind, "--metrics-bind 127.0.0.1:9464");
  if (metricsAddress !== null) refuseOpen(options.metricsBind!, metricsAddress, secured);

  using writer = openLines(options.out, io);
  const enough = new AbortController();
  const stop = AbortSignal.any([io.stop, enough.signal]);
  let failure: unknown;
  const fail = (error: unknown) => {
    failure ??= error;
    enough.abort();
  };
  const faults = new Set<string>();
  const onFault = (error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    if (faults.size < 100 && !faults.has(text)) io.err(`sloctl: what came could not be taken: ${text}\n`);
    faults.add(text);
  };
  const write = (events: readonly SloEvent[]) => {
    for (const event of events) {
      if (options.count > 0 && writer.lines >= options.count) return enough.abort();
      writer.write(event);
    }
    if (options.count > 0 && writer.lines >= options.count) enough.abort();
  };

  await using stack = new AsyncDisposableStack();
  const sending = stack.use(await openSending(options.send, io));
  const { tokenFile, region = "" } = options;
  const secure = tokenFile === undefined
    ? null
    : stack.use(openDoor({ tokenFile, region, namespace: options.place.namespace }, io));
  const opened = stack.use(await openStore(options.store, io));
  const { store } = opened;
  void opened.lost?.then(fail);
  const nowMs = () => Date.now();
  const agents = new Agents();
  const onIncident = (incident: IncidentAttribution) => {
    sending.incident(incident);
    const {
      incident_id,
      service,
      state,
      closed_because: because,
      alert,
      slo_impact: { sli },
      predicted_fault_domain,
      confidence,
    } = incident;
    const cause = `${predicted_fault_domain}, confidence ${confidence.toFixed(2)}`;
    const burns = alert === undefined ? [] : [`objective ${sli}, ${alert.level} ${alert.long}/${alert.short}`];
    const why = [...burns, ...(burns.length > 0 && predicted_fault_domain === "unknown" ? [] : [cause])].join("; ");
    const now = because === undefined ? state : `${state} (${because})`;
    io.err(printable(`sloctl: incident ${incident_id} ${now} for ${service}: ${why}`) + "\n");
  };
  const desk = new IncidentDesk({
    store,
    nowMs,
    cluster: options.place.cluster,
    namespace: options.place.namespace,
    service: options.place.service,
    objectiveMs: options.objectives.ttftMs,
    onFault,
    onIncident,
  });
  const { tracker } = options;
  const burns = tracker === null ? null : new BurnDesk({
    store,
    tracker,
    nowMs,
    cluster: options.place.cluster,
    namespace: options.place.namespace,
    heardMs: (service) => desk.heardMs(service),
    onIncident,
    onFault,
  });
  const countedIn = tracker === null ? null : new CountedNamespaces(tracker.file.service);
  if (tracker !== null) await restoreSlo(store, tracker, nowMs(), (events) => countedIn!.learn(events));
  await closeLeftOpen(store, nowMs(), onIncident, (incident) => burns?.resume(incident) ?? false);
  const sendOn = ({ evidence }: JudgedTrace) =>
    sending.spans(evidence.map(({ span, attributes }) => enrichedSpan(span, attributes)));
  const pipeline = new Pipeline({
    ...options,
    store,
    nowMs,
    clockMs: () => performance.now(),
    heardMs: () => listener.stats.heardMs,
    ...opened.room,
    onMetrics: (points) => agents.metrics(points, nowMs()),
    onProbes: (probes) => agents.probes(probes, nowMs()),
    onTrace: (trace) => {
      metrics.judged(trace);
      countedIn?.learn(trace.events);
      desk.observe(trace);
      burns?.observe(trace);
      sendOn(trace);
      try {
        write(trace.events);
      } catch (error) {
        fail(error); // a full disk or a closed pipe
      }
    },
    onKnownTrace: sendOn,
    onward: () => sending.onward,
  });
  const receiver = new OtlpReceiver({ sink: pipeline.sink, claimed, onFault });
  // What came before a restart is known when it comes again.
  receiver.remember(opened.spanKeys(receiver.horizon));
  await pipeline.remember();
  const answers = new Map<number, number>();
  const metrics: CollectorMetrics = new CollectorMetrics({
    received: () => receiver.stats,
    answers: () => answers,
    http: () => listener.stats,
    refused: () => secure?.door.refused ?? null,
    pipeline: () => pipeline.stats,
    store,
    tracker: options.tracker,
    incidents: () => ({ opened: desk.opened + (burns?.opened ?? 0), open: desk.open + (burns?.open ?? 0) }),
    sending: () => sending.state,
    watchers: () => watchers.clients,
  });
  // Who is let in where the collector serves one namespace may know of the collector as a whole.
  const servesOne = options.place.namespace !== "";
  const seesObjectives = (ns: string) => servesOne || (countedIn?.areSeenBy(ns) ?? false);
  const scopedTo = (ns: string) => scoped(store, ns, () => seesObjectives(ns));
  const sourceOf = (ns: string) =>
    querySource({
      store: scopedTo(ns),
      storeKind: opened.kind,
      agents,
      tracker: options.tracker,
      ns: servesOne ? "" : ns,
      seesObjectives: () => seesObjectives(ns),
      sloFile: options.sloFile,
      windowMs: options.windowMs,
      version: options.version,
      nowMs,
      received: () => receiver.stats,
      incidentsOpen: () => desk.open + (burns?.open ?? 0),
      problems: () => [...problems(pipeline, faults), ...sending.warnings(), ...secure?.problems() ?? []],
    });
  const watchers = new Watchers((ns) => watchSource(scopedTo(ns)), options.watch);
  const query = byNamespace((ns) => queryRoute(sourceOf(ns), nowMs));
  const admin = adminRoute({ door: secure?.door ?? null, acts: opened.acts, nowMs, last: () => store.state().last });
  stack.use(new LoopLag((lateMs) => metrics.lag(lateMs)));
  const behindDoor = ({ hostname }: Address, list: readonly Route[]) => {
    if (secure !== null) return guarded(routes(list), secure.door);
    return isLoopback(hostname) && tls?.ca === undefined ? ownNamesOnly(routes(list)) : routes(list);
  };
  const handler = counted(
    audited(
      traced(behindDoor(address, [otlpRoute({ receiver }), metrics.route, watchRoute(watchers), admin, query])),
      auditor(store, io, nowMs),
    ),
    (status) => answers.set(status, (answers.get(status) ?? 0) + 1),
  );
  const listener: HttpListener = stack.use(await listenHttp({ ...address, handler, onFault, ...only({ tls }) }));
  const grpc = grpcAddress === null ? null : await startGrpc(
    grpcAddress,
    { receiver, watchers, ...only({ tls, door: secure?.door }) },
    options.listenGrpc,
    io,
  );
  if (grpc !== null) stack.use(grpc);
  const scraped = metricsAddress === null ? null : stack.use(
    await listenHttp({
      ...metricsAddress,
      handler: behindDoor(metricsAddress, [metrics.route]),
      onFault,
      ...only({ tls }),
    }),
  );
  refuseLoop(options.send, listener);
  io.err(told(listener, grpc, scraped, tls !== undefined));

  const documents = emptyDocuments();
  const take = async (text: string, name: string) => {
    readDocuments(documents, text, name, parseProbeEvent);
    const slo = documents.slo.splice(0);
    slo.push(...documents.raw.splice(0).flatMap((sample) => fromRawSample(sample, options.objectives)));
    await pipeline.takeProbes(documents.probes.splice(0), text.length);
    const spans = documents.spans.splice(0);
    if (spans.length > 0) await pipeline.takeSpans(spans, text.length);
    await pipeline.storeSloEvents(slo);
    write(slo);
  };
  const feeding = feed(options.inputs, io, stop, take).catch(fail);
  while (!stop.aborted) {
    await sleep(TURN_MS, stop);
    await pipeline.turn();
    await desk.turn();
    await burns?.turn();
    writer.flush();
  }
  // Whoever was told that its spans were taken finds them judged: first nothing new comes in, then what is held is judged.
  await listener.shutdown();
  await grpc?.shutdown();
  await feeding;
  if (failure === undefined) {
    await pipeline.turn(true);
    await desk.turn();
  }
  writer.close();
  await sending.close(LEAVE_MS);
  pipeline.note();
  if (failure !== undefined) throw failure;
  io.err(summary(writer.lines, receiver, pipeline));
}

/** The default port may be somebody else's: then there is no gRPC, and it is said. One that was asked for must be had. */
async function startGrpc(
  address: Address,
  what: Omit<GrpcOptions, "hostname" | "port">,
  asked: string | undefined,
  io: Pick<Io, "err">,
): Promise<GrpcServer | null> {
  try {
    return await serveGrpc({ ...address, ...what });
  } catch (error) {
    if (asked !== undefined || !(error instanceof IoError)) throw error;
    io.err(`sloctl: no gRPC: ${error.message}; give --listen-grpc HOST:PORT, or off\n`);
    return null;
  }
}

function told(http: HttpListener, grpc: GrpcServer | null, scraped: HttpListener | null, secure: boolean): string {
  const at = ({ hostname, port }: Address) => `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  const scheme = secure ? "https" : "http";
  return `sloctl: OTLP at ${scheme}://${at(http)}/v1/{traces,logs,metrics}` +
    (grpc === null ? "" : ` and grpc://${at(grpc)}`) +
    (scraped === null ? "" : `; metrics at ${scheme}://${at(scraped)}/metrics`) +
    "; Ctrl-C ends it\n";
}

function summary(lines: number, { stats }: OtlpReceiver, pipeline: Pipeline): string {
  const { taken, duplicates } = stats.traces;
  const { probes, unstored, join } = pipeline.stats;
  const kernel = probes.otlp + probes.input;
  return `sloctl: ${plural(lines, "SLO event")} from ${plural(taken, "span")}, ${duplicates} duplicates, and ` +
    `${plural(kernel, "kernel event")}` +
    (join.evictedSignals === 0 ? "" : `; ${count(join.evictedSignals)} kernel events gave way to newer ones`) +
    (unstored === 0 ? "" : `; ${count(unstored)} SLO events could not be stored`) + "\n";
}

function problems({ stats }: Pipeline, faults: ReadonlySet<string>): string[] {
  return [
    ...(stats.unjudged === 0 ? [] : [`${count(stats.unjudged)} entries gave way before they could be judged`]),
    ...(stats.unstored === 0 ? [] : [`${count(stats.unstored)} SLO events could not be stored`]),
    ...[...faults].slice(0, 3).map((fault) => `what came could not be taken: ${fault}`),
  ];
}

/** Members that are there: a member that is undefined is not the same as none. */
function only<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}
