/** The figures of the load benchmark as Markdown, for docs/loadgen.md. Pure. */
import { markdownTable } from "../../lib/report/markdown.ts";
import type { LoadgenResult, StampError } from "./loadgen.ts";
import type { Machine } from "./machine.ts";

const right = (title: string) => ({ title, align: "right" as const });
const ms = (value: number) => value.toFixed(Math.abs(value) < 10 ? 2 : 0);
const error = (of: StampError | undefined) => of === undefined ? "" : `${ms(of.p50)} / ${ms(of.p99)}`;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const whole = (value: number) => Math.round(value).toLocaleString("en-US");

export function loadgenPage(m: Machine, r: LoadgenResult): string {
  const head =
    `Printed by \`deno task bench loadgen\` at ${m.at}, commit ${m.commit}, load average ${
      m.load.toFixed(2)
    } as it began, ` +
    `on ${m.cpus} CPUs (${m.cpu}, ${m.arch}) shared with the server, Linux ${m.kernel}, Deno ${m.deno}.`;
  const parts = [
    head,
    `**${
      whole(r.rate)
    } short answers a second, open loop**, ${r.seconds} s each, ${r.rounds} rounds in turns, medians of the rounds.`,
    markdownTable(
      [
        { title: "client" },
        right("delivered"),
        right("error of the first byte, p50 / p99 ms"),
        right("stamp after the write, p50 / p99 ms"),
        right("CPU us a request"),
      ],
      r.at_rate.map((row) =>
        row.skipped !== undefined
          ? [row.client, "-", row.skipped, "", ""]
          : [row.client, percent(row.delivered!), error(row.error), error(row.late), whole(row.cpu_us!)]
      ),
    ),
    `**${r.streams.open} streams at a time, a chunk each 50 ms**: ${
      percent(r.streams.chunks)
    } of the chunks the server wrote were stamped ` +
    `(the server itself kept ${percent(r.streams.server_share)} of its pace); stamps stand ${
      error(r.streams.late_ms)
    } ms (p50 / p99) after ` +
    `the write; ${r.streams.cpu_us_per_chunk.toFixed(0)} us of CPU a chunk.`,
    "**A server that stands still for 1 s of 4**, 500 requests a second due: p99 that each reports, where the requests themselves saw " +
    `${whole(r.stall_true_p99_ms)} ms from the schedule.`,
    markdownTable(
      [{ title: "client" }, { title: "reported" }, right("requests sent of 2,000")],
      r.stall.map((row) => [
        row.client,
        row.skipped ?? row.reported!.map(({ name, ms }) => `${name} ${whole(ms)} ms`).join(", "),
        row.sent === undefined ? "-" : whole(row.sent),
      ]),
    ),
    "**Closed loop, 50 at a time**, and **one request after the other** (error of the first byte, p50 / p99 ms).",
    markdownTable(
      [{ title: "client" }, right("requests a second")],
      r.closed.map((row) => [row.client, row.per_second === null ? row.skipped ?? "-" : whole(row.per_second)]),
    ),
    markdownTable(
      [{ title: "client" }, right("error, p50 / p99 ms")],
      r.one_by_one.map((row) => [row.client, row.skipped ?? error(row.error)]),
    ),
  ];
  return parts.map((part) => part.trimEnd()).join("\n\n") + "\n";
}
