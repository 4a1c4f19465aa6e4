/** The figures of the queries' benchmark as Markdown, for docs/journal.md. Pure. */
import { markdownTable } from "../../lib/report/markdown.ts";
import type { Machine } from "./machine.ts";
import type { QueriesResult } from "./queries.ts";

const right = (title: string) => ({ title, align: "right" as const });
const whole = (value: number) => Math.round(value).toLocaleString("en-US");

export function queriesPage(m: Machine, { requests_per_s, rows, held }: QueriesResult): string {
  const [small, large] = [held[0]!, held.at(-1)!];
  const head =
    `Printed by \`deno task bench queries\` at ${m.at}, commit ${m.commit}, load average ${m.load.toFixed(2)} as it ` +
    `began, on ${m.cpus} CPUs (${m.cpu}, ${m.arch}) shared with who asks, Linux ${m.kernel}, Deno ${m.deno}. ` +
    `${
      whole(large.entries)
    } entries on disk: ${requests_per_s} requests a second up to now, each with ten spans, six ` +
    "kernel events and three SLO events; one question at a time over one connection; the database is in the page cache.";
  const table = markdownTable(
    [{ title: "question" }, right("asked"), right("bytes"), right("p50 ms"), right("p99 ms")],
    rows.map(({ what, asked, bytes, p50_ms, p99_ms }) => [
      `\`${what.split(/[:, (]/)[0]}\`${what.slice(what.split(/[:, (]/)[0]!.length)}`,
      whole(asked),
      whole(bytes),
      p50_ms.toFixed(2),
      p99_ms.toFixed(2),
    ]),
  );
  const rest =
    `With ${whole(large.entries)} entries the collector listened after ${whole(large.start_ms)} ms and took ` +
    `${whole(large.start_mb)} MB, ${whole(large.after_mb)} MB after all these questions; with ${
      whole(small.entries)
    } ` +
    `entries ${whole(small.start_ms)} ms, ${whole(small.start_mb)} MB and ${whole(small.after_mb)} MB.`;
  return [head, table.trimEnd(), rest].join("\n\n") + "\n";
}
