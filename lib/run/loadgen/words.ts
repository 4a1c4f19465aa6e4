/** Sentences about a load run that the terminal and the Markdown report share. Pure. */
import { count, ms, percent, plural } from "../../report/format.ts";
import type { LoadReport } from "./load_report.ts";

/** Definitions a person looks at first, as far as they were measured. */
const FIRST = [
  "ttft.content",
  "ttfo.answer",
  "e2e.body",
  "tpot.decode",
  "gap.chunk",
  "gap.max",
  "ttfb.headers",
  "lag.schedule",
];

/** Rows of the table of latencies: p50 to max, from the schedule before from the send. */
export function latencyRows(
  report: LoadReport,
): { readonly def: string; readonly n: number; readonly stats: (number | null)[] }[] {
  const at = (def: string, stat: string) =>
    report.figures.find((figure) => figure.def === def && figure.stat === stat && figure.over === "ok");
  const streams = (at("ttft.content.from_send", "p50")?.n ?? 0) > 0;
  const defs = FIRST.filter((def) => streams ? def !== "ttfb.headers" : true)
    .flatMap((def) => [def, `${def}.from_schedule`, `${def}.from_send`]);
  return defs.flatMap((def) => {
    const n = at(def, "p50")?.n ?? 0;
    // An answer without reasoning begins with its first content: the same number twice says nothing.
    const same = def.startsWith("ttfo.") &&
      at(def, "mean")?.value === at(def.replace("ttfo.answer", "ttft.content"), "mean")?.value;
    if (n === 0 || same) return [];
    return [{ def, n, stats: ["p50", "p90", "p95", "p99", "max"].map((stat) => at(def, stat)?.value ?? null) }];
  });
}

export function rateSentence({ rates, delivered, loop }: LoadReport): string {
  const sent = `sent ${rates.sent.toFixed(2)}, achieved ${rates.achieved.toFixed(2)} requests a second`;
  if (loop === "closed") return sent;
  return `offered ${rates.offered.toFixed(2)}, ${sent}${delivered ? "" : ": NOT DELIVERED"}`;
}

export function outcomeSentence({ outcomes }: LoadReport): string {
  const { ok, ...others } = outcomes;
  const bad = Object.entries(others).filter(([, n]) => n > 0).map(([name, n]) => `${name} ${count(n)}`);
  return [`ok ${count(ok)}`, ...bad].join(", ");
}

export function limitSentence({ limits, max_in_flight, most, loop, connections }: LoadReport): string {
  const pool = `${plural(limits.connections, "connection")} ${
    limits.connections_declared ? "declared" : "at most (default)"
  }`;
  const users = loop === "closed"
    ? `${plural(limits.concurrency!, "user")}`
    : `in flight ${max_in_flight ?? "unbounded"}`;
  const reused = connections.reused_share === null
    ? ""
    : `, ${percent(connections.reused_share)} of requests on one used before`;
  return `${pool}, ${count(most.connections)} open at most${reused}; ${users}, ${count(most.in_flight)} at most` +
    (most.waiting > 0 ? `, ${count(most.waiting)} waiting for a connection at most` : "");
}

export function clientSentences({ client }: LoadReport): string[] {
  const { own_lag_ms, loop_lag_ms, idle_lag_ms, run_queue, cpu_us_per_request } = client;
  const late = (what: string, s: typeof own_lag_ms) =>
    s === null ? [] : [`${what} p50 ${ms(s.p50)}, p99 ${ms(s.p99)}, max ${ms(s.max)}`];
  const idle = idle_lag_ms === null ? "" : ` (above the idle loop's: p99 ${ms(idle_lag_ms.p99)})`;
  return [
    ...late("looked at requests late by", own_lag_ms),
    ...late("timers late by", loop_lag_ms).map((text) => text + idle),
    run_queue === null
      ? "run-queue delay of its thread: not to be had here"
      : `ready but without a CPU ${percent(run_queue.share)} of the time, ${ms(run_queue.mean_wait_ms)} each time`,
    ...(cpu_us_per_request === null
      ? []
      : [`${cpu_us_per_request.toFixed(0)} us of CPU a request, sockets by ${client.transport}`]),
  ];
}

export function verdictSentence(report: LoadReport): string {
  const { verdict, reasons, slos, client } = report;
  if (verdict === null) return `client innocent: nothing above ${ms(client.limit_ms)} (${client.limit_is})`;
  const word = { pass: "PASS", fail: "FAIL", inconclusive: "INCONCLUSIVE", no_data: "NO DATA" }[verdict];
  const why = reasons.length > 0 ? reasons : slos.map(goodSentence);
  return `${word}: ${why.join("; ")}`;
}

export function goodSentence({ name, goodput, objective }: LoadReport["slos"][number]): string {
  const asked = `${Number((100 * objective).toFixed(4))} % asked for`;
  if (goodput.fraction === null) return `${name}: nothing to judge, ${asked}`;
  return `${name}: ${Number((100 * goodput.fraction).toFixed(3))} % of ${
    count(goodput.good + goodput.bad)
  } requests good, ${asked}`;
}

export function tokenSentence({ tokens }: LoadReport): string | null {
  const { tokenizer, sources } = tokens;
  if (tokens.out === 0) return null;
  const by = Object.entries(sources).map(([source, n]) => `${count(n)} by ${source}`).join(", ");
  const cached = tokens.cached === null ? "" : `, ${count(tokens.cached)} of them from the server's cache`;
  const differ = tokenizer === null || tokenizer.compared === 0
    ? ""
    : `; the tokenizer differs in ${count(tokenizer.differing)} of ${
      count(tokenizer.compared)
    }, by ${tokenizer.most_difference} at most`;
  const asked = tokens.in === null ? "questions not counted by the server" : `${count(tokens.in)} in${cached}`;
  return `${asked}, ${count(tokens.out)} out (${by})${differ}`;
}

export function interruptedSentence({ interrupted, seconds }: LoadReport): string | null {
  if (interrupted === null) return null;
  const planned = seconds.warmup + seconds.window + seconds.cooldown;
  const left = interrupted.not_due === 0 ? "" : `; ${plural(interrupted.not_due, "request")} never became due`;
  return `INTERRUPTED after ${
    interrupted.after_s.toFixed(1)
  } s of ${planned} s: figures are of what was due by then${left}`;
}

export function traceSentences({ trace }: LoadReport): string[] {
  if (trace === null) return [];
  const left = Object.entries(trace.left_out).filter(([, n]) => n > 0).map(([why, n]) =>
    `${count(n)} ${why.replaceAll("_", " ")}`
  );
  const clipped = trace.clipped.input + trace.clipped.output;
  return [
    `${trace.file} (${trace.format}, sha256 ${trace.sha256.slice(0, 12)}): ${count(trace.replayed)} of ${
      plural(trace.rows, "row")
    }` +
    `${left.length === 0 ? "" : `, left out ${left.join(", ")}`}; time scale ${trace.time_scale}` +
    `${
      clipped === 0
        ? ""
        : `; lengths cut in ${count(trace.clipped.input)} questions, ${count(trace.clipped.output)} answers`
    }`,
    `spread ${trace.spread}${trace.spread_seed === null ? "" : ` by seed ${trace.spread_seed}`}: most at one moment ` +
    `${trace.most_simultaneous.before} in the file, ${trace.most_simultaneous.after} as replayed`,
    ...(trace.blocks === null ? [] : [
      `${percent(trace.blocks.reuse)} of ${
        count(trace.blocks.total)
      } prefix blocks were seen before: what a prefix cache can save`,
    ]),
    ...(trace.blocks_misfit === 0
      ? []
      : [`${plural(trace.blocks_misfit, "row")} whose blocks do not fit their length`]),
  ];
}
