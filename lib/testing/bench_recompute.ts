/** A benchmark run's summary worked out again from its CSVs alone, by code of its own: nothing of lib/stats or lib/evaluate. */

export interface Recomputed {
  readonly phases: readonly Record<string, unknown>[];
  /** What an assertion's metric comes to in a phase; null where there is no value. */
  readonly observed: (metric: string, phase: string) => number | null;
  /** A statistic of a series measured beside the requests. */
  readonly meanOf: (series: string, phase: string) => number;
  readonly accuracy: number | null;
  readonly confusion: string;
  readonly overhead: {
    readonly rows: number;
    readonly mean_pct: number;
    readonly p95_pct: number;
    readonly max_pct: number;
  } | null;
}

const rowsOf = async (path: string): Promise<Record<string, string>[]> => {
  const [head, ...lines] = (await Deno.readTextFile(path)).trim().split("\n").map((line) => line.split(","));
  return lines.map((cells) => Object.fromEntries(head!.map((name, i) => [name, cells[i]!])));
};

const number = (text: string) => text === "+Inf" ? Infinity : Number(text);

/** Type 7. */
function quantileOf(values: number[], q: number): number {
  const order = values.toSorted((a, b) => a - b);
  const at = (order.length - 1) * q;
  const [low, high] = [order[Math.floor(at)]!, order[Math.ceil(at)]!];
  return low === high ? low : low + (at - Math.floor(at)) * (high - low);
}

export async function recompute(folder: string): Promise<Recomputed> {
  const requests = await rowsOf(`${folder}/requests.csv`);
  const predictions = await rowsOf(`${folder}/incident_predictions.csv`);
  const cpu = (await rowsOf(`${folder}/collector_overhead.csv`)).map((row) => Number(row.collector_cpu_pct));
  const phases = ["baseline", "fault", "recovery"].map((phase) => {
    const own = requests.filter((row) => row.phase === phase);
    const of = (column: string, q: number) =>
      own.length === 0 ? null : quantileOf(own.map((row) => number(row[column]!)), q);
    return {
      phase,
      requests: own.length,
      failed: own.filter((row) => row.error_rate === "1").length,
      ttft_p50_ms: of("ttft_ms", 0.5),
      ttft_p95_ms: of("ttft_ms", 0.95),
      tokens_p50_tps: of("token_throughput_tps", 0.5),
    };
  });
  const series = await rowsOf(`${folder}/series.csv`);
  const valuesOf = (name: string, phase: string) => [
    ...requests.filter((row) => row.phase === phase && name in row).map((row) => number(row[name]!)),
    ...series.filter((row) => row.phase === phase && row.series === name).map((row) => number(row.value!)),
  ];
  const observed = (metric: string, phase: string) => {
    const [name, statistic] = metric.split(".") as [string, string];
    const values = valuesOf(name, phase);
    const sum = values.reduce((all, value) => all + value, 0);
    if (statistic === "sum") return sum;
    if (statistic === "count") return values.length;
    if (values.length === 0) return null;
    const q = statistic.startsWith("p") ? Number(statistic.slice(1)) / 100 : { min: 0, max: 1 }[statistic];
    return q === undefined ? sum / values.length : quantileOf(values, q);
  };
  const labels = [...new Set(predictions.flatMap((row) => [row.expected_domain!, row.predicted_fault_domain!]))].sort();
  const cells = labels.map((expected) =>
    labels.map((predicted) =>
      predictions.filter((row) => row.expected_domain === expected && row.predicted_fault_domain === predicted).length
    )
  );
  return {
    phases,
    observed,
    meanOf: (name, phase) => observed(`${name}.mean`, phase)!,
    accuracy: predictions.length === 0
      ? null
      : predictions.filter((row) => row.expected_domain === row.predicted_fault_domain).length / predictions.length,
    confusion: [["expected", ...labels], ...cells.map((row, i) => [labels[i], ...row])].map((row) => row.join(","))
      .join("\n"),
    overhead: cpu.length === 0 ? null : {
      rows: cpu.length,
      mean_pct: cpu.reduce((sum, pct) => sum + pct, 0) / cpu.length,
      p95_pct: quantileOf(cpu, 0.95),
      max_pct: Math.max(...cpu),
    },
  };
}
