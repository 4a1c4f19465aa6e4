/** One live run: lab up, probes on, load running, a fault injected for real, everything gathered, everything taken down again. */
import { SelfChild } from "../../host/child.ts";
import { monotonicNs } from "../../host/clock.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import type { ClientSample } from "./client.ts";
import type { Io } from "../../model/io.ts";
import type { KernelEvent } from "../../model/kernel_event.ts";
import type { Span } from "../../model/span.ts";
import { progressLine } from "../../report/progress.ts";
import { serveOtlp } from "../../serve/otlp.ts";
import { median } from "../../stats/describe.ts";
import { watchKernel } from "../watch.ts";
import { BlindInjector } from "./blind.ts";
import { injectorFor } from "./faults.ts";
import { type Fault, INTENSITY, type PhaseName, WARM_UP_S } from "./plan.ts";
import { hostFacts, provenance } from "./provenance.ts";
import type { Label, PhaseWindow, RunData } from "./run_data.ts";
import { sleep } from "../../host/sleep.ts";

export interface LiveOptions {
  readonly fault: Fault | "random";
  readonly phases: Readonly<Record<PhaseName, number>>;
  readonly argv: readonly string[];
  /** Of the load. */
  readonly seed: string;
  /** The gateway reaches the provider over TLS. */
  readonly tls: boolean;
  /** Neither the load nor the lab knows of traces. */
  readonly noSpans: boolean;
  /** Raw records, for a recording. */
  readonly onRecord?: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** A header of every request, `name: value`; tests slow the gateway down with one. */
  readonly header?: string;
}

export interface LiveRun {
  readonly data: RunData;
  /** Opens the label: only to be called when the report is closed. */
  readonly openLabel: () => Promise<Label>;
}

/** Spans are exported in batches; the last one needs this long. */
const LAST_SPANS_MS = 600;

const NO_FAULT: Label = { fault: "none", intensity: 0, unit: "", description: "nothing", startNs: null, endNs: null };

/**
 * @throws SloctlError when the lab or the probes cannot be had, or a service of the lab dies; nothing is left behind then either.
 */
export async function runLive(options: LiveOptions, io: Io): Promise<LiveRun> {
  const events: KernelEvent[] = [];
  const spans: Span[] = [];
  const samples: ClientSample[] = [];
  using progress = progressLine(io);
  progress.update("starting the lab");

  await using stack = new AsyncDisposableStack();
  const otlpEndpointOnHost = async (hostname: string) => {
    const sink = { spans: (batch: readonly Span[]) => void spans.push(...batch) };
    const receiver = stack.use(await serveOtlp({ hostname, port: 0, sink }));
    return `http://${hostname}:${receiver.port}/v1/traces`;
  };
  const lab = stack.use(
    await startLab(
      { otlpEndpointOnHost, tls: options.tls, uninstrumented: options.noSpans },
      (text) => progress.note(text),
    ),
  );
  const { onRecord } = options;
  const watch = stack.use(watchKernel(
    { cgroupPaths: [lab.services.gateway.cgroup], timers: true, ...(onRecord === undefined ? {} : { onRecord }) },
    (event) => void events.push(event),
  ));
  const blindRoom = options.phases.fault + options.phases.recovery;
  const blind = options.fault === "random" ? stack.use(await BlindInjector.start(blindRoom)) : null;
  const load = stack.use(startLoad(lab, options, samples));

  const spend = async (name: string, seconds: number): Promise<PhaseWindow> => {
    const startNs = monotonicNs();
    for (let second = 0; second < seconds; second++) {
      progress.update(line(name, second, seconds, samples));
      const died = await Promise.race([sleep(Math.min(1, seconds - second) * 1000, io.stop), lab.broken]);
      if (died !== undefined) throw died;
      io.stop.throwIfAborted();
    }
    return { name, startNs, endNs: monotonicNs() };
  };

  await spend("warm-up", WARM_UP_S);
  const phases = [await spend("baseline", options.phases.baseline)];
  let label = NO_FAULT;
  if (blind !== null) {
    blind.baselineIsOver();
    phases.push(await spend("watching", blindRoom));
  } else {
    const [during, told] = await withFault(options.fault as Fault, lab, () => spend("fault", options.phases.fault));
    label = told;
    phases.push(during, await spend("recovery", options.phases.recovery));
  }
  progress.update("collecting");
  await load.end();
  await sleep(LAST_SPANS_MS, io.stop);
  const cost = watch.cost();
  watch.finish();
  await blind?.finished();
  const { clocks } = watch;
  const data: RunData = {
    mode: "live",
    faultAsked: options.fault,
    blind: blind !== null,
    anchor: { monotonicNs: clocks.anchor.monotonicNs, unixNs: clocks.anchor.unixNs },
    clockBreaks: clocks.breaks,
    phases,
    events,
    spans,
    samples: samples.filter((sample) => sample.error !== "cancelled"),
    cgroups: Object.fromEntries(Object.values(lab.services).map((s) => [`${s.cgroupId}`, `/sloctl-lab/${s.role}`])),
    coverage: watch.coverage,
    drops: watch.drops(),
    cost: { ...cost },
    host: hostFacts(),
    provenance: await provenance(options.argv),
  };
  return { data, openLabel: () => blind?.open() ?? Promise.resolve(label) };
}

/** The load in a process of its own; its samples arrive in `samples`. */
function startLoad(lab: Lab, options: LiveOptions, samples: ClientSample[]): SelfChild {
  const header = options.header === undefined ? [] : ["--header", options.header];
  const spans = options.noSpans ? ["--no-spans"] : [];
  const child = new SelfChild(["demo", "load", "--url", lab.gatewayUrl, "--seed", options.seed, ...header, ...spans]);
  (async () => {
    for await (const text of child.lines()) samples.push(JSON.parse(text) as ClientSample);
  })();
  return child;
}

async function withFault(fault: Fault, lab: Lab, during: () => Promise<PhaseWindow>): Promise<[PhaseWindow, Label]> {
  const { resolver, provider, services } = lab;
  const handles = { resolver, provider, client: services.gateway, server: services.provider };
  const injector = injectorFor(fault, { ...handles, gatewayCpuCgroup: services.gateway.cpuCgroup });
  if (injector === null) return [await during(), NO_FAULT];
  const intensity = INTENSITY[fault].usual;
  const startNs = monotonicNs();
  await using injected = await injector.inject(intensity);
  const window = await during();
  const { unit } = injector;
  return [window, { fault, intensity, unit, description: injected.description, startNs, endNs: monotonicNs() }];
}

function line(name: string, second: number, seconds: number, samples: readonly ClientSample[]): string {
  const recent = samples.slice(-20).flatMap((sample) => sample.ttftMs ?? []);
  const ttft = recent.length === 0 ? "-" : `${median(recent).toFixed(0)} ms`;
  const failed = samples.filter((sample) => sample.error !== null && sample.error !== "cancelled").length;
  return `${name} ${second}/${seconds} s | ${samples.length} requests, ${failed} failed | TTFT p50 of the last ${recent.length}: ${ttft}`;
}
