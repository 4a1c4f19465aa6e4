/** The figures of the journal's benchmark as Markdown, for docs/journal.md. Pure. */
import { markdownTable } from "../../lib/report/markdown.ts";
import type { Measured } from "./ingest.ts";
import type { Killed } from "./ingest_kill.ts";
import type { JournalResult, Percentiles } from "./journal.ts";
import type { Machine } from "./machine.ts";

const right = (title: string) => ({ title, align: "right" as const });
const whole = (value: number) => Math.round(value).toLocaleString("en-US");
const both = ({ p50, p99 }: Percentiles) => `${p50.toFixed(2)} / ${p99.toFixed(2)}`;
const times = ({ p50_ms, p99_ms }: Measured) => `${p50_ms.toFixed(1)} / ${p99_ms.toFixed(1)}`;

export function journalPage(m: Machine, r: JournalResult): string {
  const compared = r.ratios !== null;
  const head =
    `Printed by \`deno task bench journal\` at ${m.at}, commit ${m.commit}, load average ${m.load.toFixed(2)} as it ` +
    `began, on ${m.cpus} CPUs (${m.cpu}, ${m.arch}) shared with the sender, Linux ${m.kernel}, Deno ${m.deno}. ` +
    `2 s a cell, twice, the mean of both; ten spans are a trace; every span is acknowledged after the sync that covers it. ` +
    (compared
      ? `Beside it, with the same sender and the same bodies and cell by cell in turn, the ${r.peer} with a sending queue on disk ` +
        `that syncs (\`file_storage\`, \`fsync: true\`), sending to a server that answers at once. Whoever is not ` +
        `measured is stopped. The sender took ${senderCpu(r)} of a CPU at most.`
      : `Not compared with the OpenTelemetry Collector: ${r.peer}.`);
  const table = markdownTable(
    [
      { title: "encoding" },
      right("spans a request"),
      right("connections"),
      right("spans/s"),
      right("ms, p50 / p99"),
      right("CPU us/span"),
      ...(compared ? [right("Collector: spans/s"), right("ms, p50 / p99"), right("CPU us/span"), right("ratio")] : []),
    ],
    r.cells.map(({ encoding, batch, connections, ours, theirs }) => [
      encoding,
      String(batch),
      String(connections),
      whole(ours.spans_per_s) + refusals(ours),
      times(ours),
      ours.server_us.toFixed(1),
      ...(theirs === null ? [] : [
        whole(theirs.spans_per_s) + refusals(theirs),
        times(theirs),
        theirs.server_us.toFixed(1),
        (ours.spans_per_s / theirs.spans_per_s).toFixed(2),
      ]),
    ]),
  );
  return [head, table.trimEnd(), ...(compared ? [verdict(r)] : []), kills(r), events(r), rest(r)].join("\n\n") + "\n";
}

function senderCpu({ cells }: JournalResult): string {
  const all = cells.flatMap(({ ours, theirs }) => [ours.sender_cpu, theirs?.sender_cpu ?? 0]);
  return `${Math.round(Math.max(...all) * 100)} %`;
}

function refusals({ refused }: Measured): string {
  return refused === 0 ? "" : ` (${whole(refused)} refused)`;
}

function verdict({ ratios, cells }: JournalResult): string {
  const { geometric_mean, least, cells_below_1, p99_above } = ratios!;
  const met = geometric_mean >= 2.5 && cells_below_1 === 0 && p99_above === 0;
  return `Geometric mean of the ratios ${geometric_mean.toFixed(2)} (goal 2.5), the least ${least.toFixed(2)} ` +
    `(goal 1.0; ${cells_below_1} of ${cells.length} below), p99 above the Collector's in ${p99_above} cells (goal 0): ` +
    `the goal is ${met ? "met" : "not met"}.`;
}

function kills({ killed: { ours, theirs } }: JournalResult): string {
  const said = ({ kills, acknowledged, lost, doubled }: Killed) =>
    `${whole(lost)} lost and ${whole(doubled)} doubled of ${whole(acknowledged)} acknowledged spans in ${kills} kills`;
  return `\`kill -9\` under load (ten spans a request, 8 connections): ${said(ours)}` +
    (theirs === null ? "." : `; the Collector: ${said(theirs)}.`);
}

function events({ events }: JournalResult): string {
  const said = events.map(({ batch, connections, events_per_s, ms }) =>
    `${whole(events_per_s)}/s at ${batch} a request and ${connections} connections (${both(ms)} ms)`
  );
  return `Kernel events as OTLP logs, acknowledged: ${said.join(", ")}.`;
}

function rest(r: JournalResult): string {
  return `The disk's own \`fdatasync\` of 4 KiB, in the same folder: ${both(r.disk_sync_ms.before)} ms (p50 / p99) ` +
    `before, ${both(r.disk_sync_ms.after)} ms after. \`GET /v1/requests/{trace_id}\`, warm: ${both(r.query_ms)} ms. ` +
    `At the end ${whole(r.held.entries)} entries were held in ${whole(r.held.database_mb)} MB, ` +
    `${whole(r.held.backlog)} of them not judged yet; the collector took ` +
    `${whole(r.held.rss_mb)} MB of memory, and started again within ${
      whole(r.held.start_ms)
    } ms. The lag of the event ` +
    `stream stands in [bench.md](bench.md).`;
}
