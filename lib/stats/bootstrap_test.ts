import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertNear } from "../testing/near.ts";
import { binomialTails } from "./beta.ts";
import { bootstrapCI, type BootstrapOptions, bootstrapReplicates } from "./bootstrap.ts";
import { mean, median, quantile, sorted } from "./describe.ts";
import { normal, random } from "./random.ts";

/** The data of R's boot and SciPy's documentation of BCa. */
const DATA = [10, 12, 12.5, 12.5, 13.9, 15, 21, 22, 23, 34, 50, 81, 89, 121, 134, 213];
const P95 = { quantile: 0.95 };
const upTo = (n: number) => Float64Array.from({ length: n }, (_, i) => i + 1);

Deno.test("bootstrapCI of a mean: the published basic, percentile and BCa intervals", () => {
  const rows = [["basic", 23.77, 79.12], ["percentile", 28.86, 84.21], ["bca", 32.31, 91.43]] as const;
  for (const [method, low, high] of rows) {
    const got = bootstrapCI(DATA, mean, { method, replicates: 200_000 });
    assertNear(got.low, low, .005, method);
    assertNear(got.high, high, .005, method);
    assertEquals([got.estimate, got.method, got.engine], [mean(DATA), method, "draws"]);
  }
});

Deno.test("bootstrapCI of a p95: the limits of the closed form, by drawing and by order statistics", () => {
  // Where .95(n - 1) is whole, P(X*(r) <= x(k)) = P(Bin(n, k/n) >= r), r = .95(n - 1) + 1.
  for (const [n, low, high] of [[41, 35, 41], [101, 90, 99]] as const) {
    const r = Math.round(0.95 * (n - 1)) + 1;
    const cdf = (k: number) => binomialTails(r, n, k / n).atLeast;
    assert(cdf(low - 1) < 0.025 && cdf(low) >= 0.025 && cdf(high - 1) < 0.975 && cdf(high) >= 0.975);
    for (const engine of ["draws", "order_stats"] as const) {
      const got = bootstrapCI(upTo(n), P95, { engine, replicates: 20_000 });
      assertEquals([got.low, got.high, got.engine], [low, high, engine]);
      const below = bootstrapReplicates(upTo(n), P95, { engine, replicates: 20_000 }).filter((v) => v <= r - 2).length;
      assert(Math.abs(below / 20_000 - cdf(r - 2)) < 0.015, `${engine}: ${below}`);
    }
  }
});

/** Runs of these sizes, each shifted as a whole: values and labels. */
function inRuns(sizes: readonly number[], runSd: number, key: string) {
  const stream = random(key);
  const rows = sizes.flatMap((size, run) => {
    const shift = runSd * normal(stream);
    return Array.from({ length: size }, () => ({ value: 100 + shift + normal(stream), run: `run-${run}` }));
  });
  return { values: rows.map((row) => row.value), runs: rows.map((row) => row.run) };
}

/** Largest distance of two empirical distributions, Kolmogorov and Smirnov's. */
function distance(a: Float64Array, b: Float64Array): number {
  const [x, y] = [sorted(a), sorted(b)];
  let most = 0;
  for (let i = 0, j = 0; i < x.length && j < y.length;) {
    const value = Math.min(x[i]!, y[j]!);
    while (x[i] === value) i++;
    while (y[j] === value) j++;
    most = Math.max(most, Math.abs(i / x.length - j / y.length));
  }
  return most;
}

Deno.test("both engines draw from one distribution: any quantile, runs of any size, ties", () => {
  const rows: readonly (readonly [number[], number, number, boolean])[] = [
    [[30], 0.5, 0, false],
    [[30], 0.95, 0, true],
    [[7, 12, 30], 0.95, 1, false],
    [[20, 20, 20, 20], 0.1, 3, true],
    [[5, 1, 9], 0.99, 2, false],
    // One long run among many short ones: a resample may be far larger than the sample, or far smaller.
    [[400, ...Array(40).fill(1)], 0.9, 1, false],
  ];
  for (const [i, [sizes, q, runSd, ties]] of rows.entries()) {
    const { values, runs } = inRuns(sizes, runSd, `engines ${i}`);
    const samples = ties ? values.map(Math.round) : values;
    const clusters = sizes.length > 1 ? { clusters: runs } : {};
    const of = (engine: "draws" | "order_stats") =>
      bootstrapReplicates(samples, { quantile: q }, { engine, replicates: 10_000, seed: engine, ...clusters });
    const apart = distance(of("draws"), of("order_stats"));
    // One in a thousand pairs of equal distributions is further apart.
    assert(apart < 1.95 * Math.sqrt(2 / 10_000), `${i}: ${apart}`);
  }
});

Deno.test("clustered: runs that differ widen the interval, by as much as they differ", () => {
  const { values, runs } = inRuns(Array(10).fill(100), 1, "wide");
  const plain = bootstrapCI(values, mean);
  const clustered = bootstrapCI(values, mean, { clusters: runs });
  assertEquals([plain.method, clustered.method], ["percentile", "cluster_percentile"]);
  const runMeans = Array.from({ length: 10 }, (_, run) => mean(values.slice(100 * run, 100 * run + 100)));
  // Two stages add: that of the run means, and that of all values.
  const spread = (list: readonly number[]) => mean(list.map((v) => (v - mean(list)) ** 2)) / list.length;
  const expected = 2 * 1.96 * Math.sqrt(spread(runMeans) + spread(values));
  assertNear(clustered.high - clustered.low, expected, 0.08);
  assert(clustered.high - clustered.low > 3 * (plain.high - plain.low));
  assertEquals(bootstrapCI(values, mean, { clusters: runs, method: "cluster_percentile" }), clustered);
  // Runs that are all alike, and a run for each value, which is the plain bootstrap drawn twice over.
  assertEquals(bootstrapCI([1, 1, 1, 1], P95, { clusters: [0, 0, 1, 1] }).high, 1);
});

Deno.test("the same seed gives the same interval, whatever the order of the rows", () => {
  const { values, runs } = inRuns([9, 20, 13], 1, "order");
  const stream = random("shuffle");
  const order = values.map((_, i) => ({ i, key: stream.float() })).sort((a, b) => a.key - b.key).map(({ i }) => i);
  for (const statistic of [P95, mean, (v: Float64Array) => quantile(v, 0.9)]) {
    const of = (rows: readonly number[], seed: string | number) =>
      bootstrapCI(rows.map((i) => values[i]!), statistic, {
        seed,
        replicates: 200,
        clusters: rows.map((i) => runs[i]!),
      });
    const first = of([...values.keys()], "42/E3/dns_latency/ttft_ms");
    assertEquals(of(order, "42/E3/dns_latency/ttft_ms"), first);
    assert(of(order, 7).low !== first.low);
  }
  assertEquals(bootstrapCI(DATA, mean, { method: "BCa" }), bootstrapCI(DATA, mean, { method: "bca" }));
  assertEquals(bootstrapCI(DATA, mean, { seed: 42 }), bootstrapCI(Float64Array.from(DATA), mean));
});

Deno.test("bootstrapCI at the edges", () => {
  const options: BootstrapOptions = { replicates: 100 };
  for (const method of ["percentile", "basic", "bca"] as const) {
    const single = bootstrapCI([3], median, { ...options, method });
    assertEquals([single.low, single.high, single.estimate], [3, 3, 3], method);
    for (const none of [[], [1, NaN]]) {
      const got = bootstrapCI(none, mean, { ...options, method });
      assertEquals([got.low, got.high, got.estimate, got.method], [NaN, NaN, NaN, method]);
    }
  }
  assertEquals(bootstrapCI([1, 2, Infinity], P95, options).high, Infinity);
  assertEquals([...bootstrapReplicates([], P95, { replicates: 2 })], [NaN, NaN]);
  assertEquals(bootstrapReplicates([1, 2, 3], mean, { replicates: 5 }).length, 5);
  // No resample has as many different values as the sample: nothing to correct by.
  const odd = bootstrapCI(upTo(30), (values) => new Set(values).size, { ...options, method: "bca" });
  assertEquals([odd.low, odd.high, odd.estimate], [NaN, NaN, 30]);
  // What the statistic does to its buffer harms neither the next one nor the caller's values.
  const own = upTo(5);
  const first = (values: Float64Array) => values.fill(values[0]!)[0]!;
  assertEquals(bootstrapCI(own, first, { ...options, method: "bca" }).estimate, 1);
  assertEquals([...own], [1, 2, 3, 4, 5]);
});

Deno.test("bootstrapCI refuses what cannot be", () => {
  const rows: readonly (readonly [object, string])[] = [
    [{ level: 95 }, "level 95"],
    [{ replicates: 0 }, "0 replicates"],
    [{ replicates: 1.5 }, "1.5 replicates"],
    [{ method: "studentized" }, "method studentized"],
    [{ engine: "gpu" }, "engine gpu"],
    [{ engine: "order_stats" }, "no quantile"],
    [{ method: "cluster_percentile" }, "no clusters"],
    [{ method: "bca", clusters: DATA }, "with clusters"],
    [{ method: "basic", clusters: DATA }, "with clusters"],
    [{ clusters: [1, 2] }, "16 values"],
  ];
  for (const [options, words] of rows) {
    assertThrows(() => bootstrapCI(DATA, mean, options as BootstrapOptions), RangeError, words);
  }
  for (const engine of ["draws", "order_stats"] as const) {
    assertThrows(() => bootstrapReplicates(DATA, { quantile: 2 }, { engine }), RangeError, "quantile 2");
  }
});
