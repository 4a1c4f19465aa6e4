/** A recording at a desk: the diagnosis, the events or the rows that the agent gave where it was made. Needs no rights and no kernel. */
import { type ClockBreak, ClockLine, toUnixNs } from "../model/clock.ts";
import type { AgentCost } from "../model/diagnosis.ts";
import { EXIT } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { type KernelEvent, NOBODY, processKey } from "../model/kernel_event.ts";
import { duration, plural } from "../report/format.ts";
import { FLIGHT_SCHEMA, readRecording, RECORDING_SCHEMA } from "../source/recording.ts";
import { documentsOf } from "./agent_documents.ts";
import { MachineDiagnosis } from "./agent_findings.ts";
import { lineWriter } from "./agent_lines.ts";
import type { AgentOptions, AgentPlan } from "./agent_options.ts";
import { readBaseline, report } from "./agent_report.ts";
import type { Place, Whose } from "./agent_whose.ts";
import { replay } from "./demo/recorded.ts";
import { type Flight, readFlight } from "./flight_file.ts";
import { openLines } from "./lines.ts";

/** Resolves to the exit code. @throws IoError when the file cannot be read; UsageError for a bad filter or field */
export async function replayAgent(
  options: AgentOptions & { readonly input: string },
  plan: AgentPlan,
  io: Io,
): Promise<number> {
  const flight = await openFlight(options.input);
  const { watch } = flight;
  io.err(
    `sloctl: replay of ${duration((watch.end.monotonicNs - watch.start.monotonicNs) / 1e6)} on ${watch.host.name}\n`,
  );
  const whose: Whose = {
    of: (owner) => flight.places.get(processKey(owner)),
    ofCgroup: (path) => flight.groups.get(path),
  };
  const events = flight.events.filter(wanted(plan, options, whose));
  if (plan.mode === "diagnosis") await diagnose(options, plan, flight, events, whose, io);
  else tellEvents(options, plan, flight, events, whose, io);
  return EXIT.ok;
}

async function openFlight(path: string): Promise<Flight> {
  const lines = await readRecording(path, [FLIGHT_SCHEMA, RECORDING_SCHEMA]);
  return lines[0]!.payload.schema === FLIGHT_SCHEMA ? readFlight(path, lines) : await ofDemo(path);
}

/** A recorded demo, as its agent saw it. */
async function ofDemo(path: string): Promise<Flight> {
  const { data } = await replay(path);
  const { anchor, phases, host, coverage, drops, cost, clockBreaks = [], events } = data;
  const [first, last] = [phases[0], phases.at(-1)];
  const at = (ns: number) => ({ monotonicNs: ns, unixNs: toUnixNs(anchor, ns) });
  const nobody = { count: 0, longestNs: 0 };
  const places = new Map<string, Place>();
  for (const { owner } of events) {
    const cgroup = data.cgroups[`${owner.cgroupId}`];
    if (cgroup !== undefined) places.set(processKey(owner), { cgroup });
  }
  const number = (name: string) => typeof cost[name] === "number" ? cost[name] : null;
  return {
    reason: "demo",
    watch: {
      start: at(first?.startNs ?? anchor.monotonicNs),
      end: at(last?.endNs ?? anchor.monotonicNs),
      host,
      targets: "the lab's processes",
      attached: coverage.attached,
      missing: coverage.missing,
      unanswered: {
        dns: nobody,
        connects: { ...nobody, longest: "" },
        requests: nobody,
        diskEndsUnseen: 0,
        diskUnderWay: 0,
      },
      unseen: [],
      drops,
      dropsBySignal: {},
      unprobed: [],
      cost: {
        cpu_pct: number("cpu_pct"),
        bpf_ns_per_event: number("bpf_ns_per_event"),
        rss_mb: number("rss_mb"),
      } as AgentCost,
    },
    clocks: ClockLine.of(
      [{ fromNs: -Infinity, reading: { ...anchor, bootNs: anchor.monotonicNs, errorNs: 0 } }],
      clockBreaks as readonly ClockBreak[],
    ),
    selfPid: 0,
    disabled: [],
    peers: { provider: [], retrieval: [] },
    node: host.name,
    places,
    groups: new Map(),
    devices: new Map(),
    libraries: new Map(),
    events,
  };
}

/** The same narrowing that a live agent does in the kernel. */
function wanted({ pids, targeted }: AgentPlan, { comm, cgroups }: AgentOptions, whose: Whose) {
  return (event: KernelEvent): boolean => {
    if (!targeted) return true;
    const { owner } = event;
    if (owner === NOBODY) return false;
    if (pids.includes(owner.pid) || owner.comm === comm) return true;
    const path = whose.of(owner)?.cgroup;
    return path !== undefined && cgroups.some((one) => path === one || path.startsWith(`${one}/`));
  };
}

async function diagnose(
  options: AgentOptions,
  plan: AgentPlan,
  flight: Flight,
  events: readonly KernelEvent[],
  whose: Whose,
  io: Io,
): Promise<void> {
  const baseline = await readBaseline(options.baseline, io);
  const diagnosis = new MachineDiagnosis({
    selfPid: flight.selfPid,
    whose,
    deviceName: (numbers) => flight.devices.get(numbers) ?? numbers,
  });
  for (const event of events) diagnosis.add(event);
  const named = [...options.peers.provider, ...options.peers.retrieval];
  const { targets } = flight.watch;
  const { document } = diagnosis.finish({
    ...flight.watch,
    targets: plan.targeted ? `${plan.targets}, of ${targets}` : targets,
  }, {
    clocks: flight.clocks,
    peers: named.length > 0 ? options.peers : flight.peers,
    disabled: new Set([...flight.disabled, ...plan.disabled]),
    tlsLibrary: (owner) => flight.libraries.get(processKey(owner)),
  });
  await report(document, baseline, options, io);
}

function tellEvents(
  options: AgentOptions,
  plan: AgentPlan,
  flight: Flight,
  events: readonly KernelEvent[],
  whose: Whose,
  io: Io,
): void {
  const { namespace, pod, container, eventSchema: schemaVersion, node = flight.node, count } = options;
  const deviceName = (numbers: string) => flight.devices.get(numbers) ?? numbers;
  const toUnixNs = (ns: number) => flight.clocks.toUnixNs(ns);
  const documents = documentsOf({ node, namespace, pod, container, toUnixNs, deviceName, schemaVersion }, plan, whose);
  const line = lineWriter(options, io);
  using writer = openLines(plan.eventsTo ?? "-", io);
  if (line.header !== "") writer.writeLine(line.header);
  let told = 0;
  for (const event of events) {
    for (const document of documents(event)) {
      if (!line.wanted(document) || io.stop.aborted || (count > 0 && told >= count)) continue;
      writer.writeLine(line.of(document));
      told++;
    }
  }
  writer.close();
  io.err(`sloctl: ${plural(told, "event")} of the recording told\n`);
}
