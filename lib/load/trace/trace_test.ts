import { assert, assertEquals, assertRejects } from "@std/assert";
import { IoError } from "../../model/errors.ts";
import { testUnless } from "../../testing/unless.ts";
import { parseTicks } from "./azure.ts";
import { readTrace, type Trace } from "./read.ts";
import { replay, type ReplayOptions } from "./replay.ts";
import { mostSimultaneous, spreadOffsets } from "./spread.ts";

const options: ReplayOptions = {
  spread: undefined,
  seed: 42,
  timeScale: 1,
  skipS: 0,
  seconds: Infinity,
  mostIn: Infinity,
  mostOut: Infinity,
};

async function* parts(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

const read = (text: string, size = 7): Promise<Trace> => readTrace(parts(text, size), "x");

const AZURE = [
  "TIMESTAMP,ContextTokens,GeneratedTokens",
  "2023-11-16 18:15:46.6805900,374,44",
  "2023-11-16 18:15:50.9951690,396,109",
  "2023-11-16 18:15:50.9951691,10,5",
];
const mooncake = (timestamp: number, hash_ids = [1], input_length = 10) =>
  JSON.stringify({ timestamp, input_length, output_length: 5, hash_ids });

Deno.test("Azure: seven digits, LF or CRLF, with or without the last one, however it is read", async () => {
  for (const end of ["\n", "\r\n"]) {
    for (const last of ["", end]) {
      const trace = await read(`\ufeff${AZURE.join(end)}${last}`);
      assertEquals(trace.rows.map(({ offsetNs }) => offsetNs), [0, 43_145_790 * 100, 43_145_791 * 100]);
      assertEquals([trace.format, trace.rows[1]!.nIn, trace.rows[1]!.nOut, trace.rows[1]!.line], [
        "azure",
        396,
        109,
        3,
      ]);
    }
  }
});

Deno.test("ticks of 100 ns are counted by the calendar, without floating point", () => {
  assertEquals(parseTicks("1970-01-01 00:00:00.0000001"), 1n);
  for (const day of ["2000-02-29", "2023-11-16", "2024-02-29", "2024-12-31", "2100-03-01", "1969-12-31"]) {
    assertEquals(parseTicks(`${day} 23:59:59.5`), BigInt(Date.parse(`${day}T23:59:59.5Z`)) * 10_000n, day);
  }
  assertEquals(parseTicks("2024-05-10 02:00:00.009930+02:00"), parseTicks("2024-05-10 00:00:00.00993"));
});

Deno.test("Mooncake and our own files", async () => {
  const trace = await read(`${mooncake(0, [1, 2])}\n${mooncake(3000, [1, 3])}\n`);
  assertEquals([trace.format, trace.rows[1]!.offsetNs, trace.rows[1]!.blocks], ["mooncake", 3e9, [1, 3]]);
  const own = await read('{"id":0,"g_ns":5,"n_in":3,"n_out":4}\n{"id":1,"g_ns":1000000007,"n_in":3,"n_out":4}\n');
  assertEquals([own.format, own.rows.map(({ offsetNs }) => offsetNs)], ["sloctl", [5, 1_000_000_007]]);
  const requests = await read(
    '{"id":0,"g_ns":900,"n_in":3,"n_out":4,"outcome":"ok"}\n{"id":1,"g_ns":950,"n_in":3,"n_out":4,"outcome":"ok"}',
  );
  assertEquals(requests.rows.map(({ offsetNs }) => offsetNs), [0, 50]);
});

Deno.test("bad input is refused, and the line is named", async () => {
  const [header, first] = AZURE as [string, string];
  const rows: [string, string][] = [
    ["time,in,out\n1,2,3\n", 'line 1: "time,in,out" is no header'],
    [`\n\n${header}x\n`, "line 3"],
    ["[1,2]\n", "line 1"],
    ["", "it holds no rows"],
    [`${header}\n`, "it holds no rows"],
    [`${header}\n${first}\n2023-11-16 18:15:46.6805899,1,1\n`, "line 3: time runs backwards"],
    [`${header}\n${first}\n2023-11-16 18:15:47.0,-1,1\n`, "line 3: ContextTokens is -1, which is negative"],
    [`${header}\n${first}\n2023-11-16 18:15:47.0,1,1.5\n`, 'line 3: GeneratedTokens is "1.5"'],
    [`${header}\n${first}\n2023-11-16 18:15:47.0,1\n`, "line 3: it has 2 cells"],
    [`${header}\n2023-02-30 00:00:00.0,1,1\n`, "line 2: TIMESTAMP"],
    [`${header}\n2023-11-16 18:15:46.68059001,1,1\n`, "line 2: TIMESTAMP"],
    [`${mooncake(0)}\n${mooncake(-1)}\n`, "line 2: timestamp is -1, which is negative"],
    [`${mooncake(5)}\n${mooncake(4)}\n`, "line 2: time runs backwards"],
    [`${mooncake(0)}\n${mooncake(1, [1], -4)}\n`, "line 2: input_length is -4, which is negative"],
    [`${mooncake(0)}\n{"timestamp":1,"input_length":3}\n`, "line 2: output_length is missing"],
    [`${mooncake(0)}\n{"timestamp":\n`, "line 2: it is no JSON"],
    [`${mooncake(0)}\n${mooncake(1, [-1])}\n`, "line 2: hash_ids"],
    ['{"id":0,"g_ns":null,"n_in":3,"n_out":4}\n', "line 1: g_ns is null: a closed loop"],
  ];
  for (const [text, message] of rows) await assertRejects(() => read(text), IoError, message);
  async function* binary() {
    yield new Uint8Array([0xff, 0xfe, 0]);
  }
  await assertRejects(() => readTrace(binary(), "x"), IoError, "not UTF-8");
});

Deno.test("spreading: sorted within the tick, order kept, keyed by the tick's stamp; even; none", async () => {
  const text = [0, 0, 0, 3000, 3000, 5999].map((ms) => mooncake(ms)).join("\n");
  const { rows } = await read(text);
  for (const mode of ["uniform", "even"] as const) {
    const offsets = spreadOffsets(rows, mode, 42);
    const ends = [3e9, 3e9, 3e9, 5.999e9, 5.999e9, 8.999e9];
    assert(
      offsets.every((at, i) =>
        Number.isInteger(at) && at >= rows[i]!.offsetNs && at < ends[i]! && at >= (offsets[i - 1] ?? 0)
      ),
    );
    assertEquals(spreadOffsets(rows.slice(3), mode, 42), offsets.slice(3), "other ticks change nothing");
  }
  assertEquals(spreadOffsets(rows, "even", 1).slice(0, 3), [0.5e9, 1.5e9, 2.5e9]);
  assertEquals(spreadOffsets(rows, "none", 1), rows.map(({ offsetNs }) => offsetNs));
  assert(spreadOffsets(rows, "uniform", 1)[0] !== spreadOffsets(rows, "uniform", 2)[0]);
});

Deno.test("only a ticking clock is spread; scale, crop, clipping and rows left out are told", async () => {
  const steady = replay(await read(AZURE.join("\n")), { ...options, spread: "uniform" });
  assertEquals([steady.distortion.spread, steady.distortion.ticked, steady.arrivals[1]!.g_ns], [
    "none",
    false,
    4_314_579_000,
  ]);
  const twice = replay(await read(AZURE.join("\n")), { ...options, timeScale: 3 });
  assertEquals(twice.arrivals.map(({ g_ns }) => g_ns), [0, 1_438_193_000, 1_438_193_033]);
  const trace = await read(
    [mooncake(0, [1], 600), mooncake(1000, [1, 2], 600), mooncake(2000, [1, 2], 0), mooncake(3000, [1, 3], 600)].join(
      "\n",
    ),
  );
  const { arrivals, distortion } = replay(trace, {
    ...options,
    spread: "none",
    skipS: 1,
    seconds: 2,
    mostIn: 500,
    mostOut: 2,
  });
  assertEquals(arrivals, [{ id: 0, g_ns: 0, n_in: 500, n_out: 2, blocks: [1, 2] }]);
  assertEquals(distortion.left_out, { before_crop: 1, after_crop: 1, no_length: 1 });
  assertEquals([distortion.clipped, distortion.crop], [{ input: 1, output: 1 }, { skip_s: 1, seconds: 2 }]);
  const all = replay(trace, { ...options, spread: "none" }).distortion;
  assertEquals([all.blocks, all.blocks_misfit], [{ total: 5, seen_before: 2, reuse: 0.4 }, 1]);
});

const DATA = Deno.env.get("SLOCTL_DATA") ?? new URL("../../../../shared/data", import.meta.url).pathname;

function dataTest(file: string, what: string, check: (trace: Trace) => void): void {
  let reason: string | null = null;
  try {
    Deno.statSync(`${DATA}/${file}`);
  } catch {
    reason = `${file} is not in SLOCTL_DATA or ../shared/data`;
  }
  testUnless(reason, what, async () => {
    using handle = { file: await Deno.open(`${DATA}/${file}`), [Symbol.dispose]: () => {} };
    check(await readTrace(handle.file.readable, file));
  });
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

dataTest("azure-2023-AzureLLMInferenceTrace_conv.csv", "traces: the Azure conversation trace", (trace) => {
  const { rows } = trace;
  assertEquals([rows.length, rows[1]!.offsetNs, rows.at(-1)!.offsetNs], [19_366, 4_314_579_000, 3_501_721_937_000]);
  assertEquals([sum(rows.map(({ nIn }) => nIn)), sum(rows.map(({ nOut }) => nOut))], [22_361_870, 4_088_665]);
  assert(rows.every(({ offsetNs }, i) => i === 0 || offsetNs > rows[i - 1]!.offsetNs), "strictly increasing");
  const gaps = rows.slice(1).map(({ offsetNs }, i) => offsetNs - rows[i]!.offsetNs);
  const mean = sum(gaps) / gaps.length;
  assertEquals((Math.sqrt(sum(gaps.map((gap) => (gap - mean) ** 2)) / gaps.length) / mean).toFixed(2), "1.09");
  const perSecond = mostSimultaneous(rows.map(({ offsetNs }) => Math.floor(offsetNs / 1e9)));
  assertEquals([perSecond, replay(trace, options).distortion.ticked], [16, false]);
});

dataTest("mooncake-fast25-conversation_trace.jsonl", "traces: the Mooncake conversation trace", (trace) => {
  const { rows } = trace;
  assertEquals([rows.length, rows.at(-1)!.offsetNs], [12_031, 3_536_999e6]);
  assertEquals([sum(rows.map(({ nIn }) => nIn)), sum(rows.map(({ nOut }) => nOut))], [144_793_823, 4_122_048]);
  assertEquals([rows[0]!.blocks![0], rows[1]!.blocks![0]], [0, 0], "rows 1 and 2 share one block");
  const { arrivals, distortion } = replay(trace, options);
  assertEquals([distortion.blocks!.total, distortion.blocks!.seen_before], [288_500, 105_710]);
  assertEquals([distortion.most_simultaneous, distortion.blocks_misfit], [{ before: 28, after: 1 }, 0]);
  const stamps = [...new Set(rows.map(({ offsetNs }) => offsetNs))];
  assertEquals(stamps.length, 1180);
  assertEquals(stamps.slice(0, 4).map((stamp) => rows.filter(({ offsetNs }) => offsetNs === stamp).length), [
    10,
    16,
    3,
    9,
  ]);
  rows.forEach(({ offsetNs }, i) => {
    const next = stamps[stamps.indexOf(offsetNs) + 1] ?? offsetNs + 3e9;
    assert(arrivals[i]!.g_ns! >= offsetNs && arrivals[i]!.g_ns! < next, "no stamp leaves its tick");
  });
});
