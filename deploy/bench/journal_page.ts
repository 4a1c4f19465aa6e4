/** The figures of the journal's benchmark as Markdown, for docs/journal.md. Pure. */
import { markdownTable } from "../../lib/report/markdown.ts";
import type { JournalResult, Percentiles } from "./journal.ts";
import type { Machine } from "./machine.ts";

const right = (title: string) => ({ title, align: "right" as const });
const whole = (value: number) => Math.round(value).toLocaleString("en-US");
const both = ({ p50, p99 }: Percentiles) => `${p50.toFixed(2)} / ${p99.toFixed(2)}`;

export function journalPage(m: Machine, r: JournalResult): string {
  const head =
    `Printed by \`deno task bench journal\` at ${m.at}, commit ${m.commit}, load average ${m.load.toFixed(2)} as it ` +
    `began, on ${m.cpus} CPUs (${m.cpu}, ${m.arch}) shared with the sender, Linux ${m.kernel}, Deno ${m.deno}. ` +
    `${r.seconds} s a row; ten spans are a trace, one of them a service's answer that is judged (with one span a request, each is); every span is acknowledged after the sync that covers it.`;
  const refused = r.cells.some((cell) => cell.refused > 0);
  const table = markdownTable(
    [
      { title: "encoding" },
      right("spans a request"),
      right("connections"),
      right("spans/s"),
      right("requests/s"),
      right("answer after ms, p50 / p99"),
      ...(refused ? [right("answers 503")] : []),
    ],
    r.cells.map((cell) => [
      cell.encoding,
      String(cell.batch),
      String(cell.connections),
      whole(cell.spans_per_s),
      whole(cell.requests_per_s),
      both(cell.ms),
      ...(refused ? [whole(cell.refused)] : []),
    ]),
  );
  const rest =
    `The disk's own \`fdatasync\` of 4 KiB, in the same folder: ${
      both(r.disk_sync_ms.before)
    } ms (p50 / p99) before, ` +
    `${both(r.disk_sync_ms.after)} ms after. \`GET /v1/requests/{trace_id}\`, warm: ${both(r.query_ms)} ms. ` +
    `At the end ${whole(r.held.entries)} entries were held in ${whole(r.held.database_mb)} MB; the collector took ` +
    `${whole(r.held.rss_mb)} MB of memory, and started again within ${whole(r.held.start_ms)} ms.`;
  return [head, table.trimEnd(), rest].join("\n\n") + "\n";
}
