/** Pairs whose truth is known because they were made: all tiers, the edges of their windows, rivals, skewed clocks, restarts. */
import { type Pair, type Side, timeText } from "./pairs.ts";

const T0 = 1_767_225_600_000_000_000n;
const MS = 1e6;

type Keys = Omit<Side, "timestamp" | "end_timestamp">;

export function constructedPairs(): Pair[] {
  made = 0;
  return [
    ...clean(),
    ...edges(),
    ...negatives(),
    ...spellings(),
    ...concurrency(),
    ...otherTraces(),
    ...skew(),
    ...restarts(),
  ];
}

let made = 0;

/** The signal comes `afterMs` after the span; both have `shared`, and `signal` says what else the signal has. */
function pair(
  subset: string,
  shared: Keys,
  afterMs: number,
  match: boolean,
  tier = "",
  { span = {}, signal = {}, group }: { span?: Keys; signal?: Keys; group?: string } = {},
): Pair {
  const at = T0 + BigInt(made) * 3_600_000_000_000n;
  return {
    case_id: `${subset}-${String(++made).padStart(3, "0")}`,
    subset,
    ...(group === undefined ? {} : { group }),
    span: { ...shared, ...span, timestamp: timeText(at) },
    signal: {
      ...shared,
      ...signal,
      timestamp: timeText(at + BigInt(Math.round(afterMs * MS))),
      signal: "dns_latency_ms",
      value: 12.5,
    },
    expected_match: match,
    expected_tier: match ? tier : "",
  };
}

const trace = (n: number) => n.toString(16).padStart(32, "a");
const tuple = (n: number) => `10.0.0.${1 + n % 200}:${40_000 + n}->10.0.9.9:443`;

/** Each tier by itself, and strangers. */
function clean(): Pair[] {
  const offsets = [0, 1, 7, 20, 35, 50, -1, -12, -30, -50];
  return [
    ...offsets.map((ms, i) => pair("clean", { trace_id: trace(i) }, 30 * ms, true, "trace_id_exact")),
    ...offsets.map((ms, i) => pair("clean", { pod: `api-${i}`, pid: 100 + i }, ms, true, "pod_pid_100ms")),
    ...offsets.map((ms, i) => pair("clean", { pod: `api-${i}`, conn_tuple: tuple(i) }, 3 * ms, true, "pod_conn_250ms")),
    ...offsets.map((ms, i) => pair("clean", { service: `s${i}`, node: `n${i}` }, 7 * ms, true, "svc_node_500ms")),
    ...offsets.slice(0, 10).map((ms, i) =>
      pair("clean", {}, ms, false, "", {
        span: { trace_id: trace(i), pod: "a", pid: 7, service: "s", node: "n", conn_tuple: tuple(1) },
        signal: { trace_id: trace(900 + i), pod: "b", pid: 8, service: "t", node: "m", conn_tuple: tuple(2) },
      })
    ),
  ];
}

/** Windows are inclusive, before and after. */
function edges(): Pair[] {
  const rows: [Keys, number, string][] = [
    [{ trace_id: trace(1) }, 2000, "trace_id_exact"],
    [{ pod: "p", pid: 9 }, 100, "pod_pid_100ms"],
    [{ pod: "p", conn_tuple: tuple(3) }, 250, "pod_conn_250ms"],
    [{ service: "s", node: "n" }, 500, "svc_node_500ms"],
  ];
  const tiny = 1e-6;
  return rows.flatMap(([keys, ms, tier]) => [
    pair("edges", keys, ms, true, tier),
    pair("edges", keys, -ms, true, tier),
    pair("edges", keys, ms + tiny, false),
    pair("edges", keys, -ms - tiny, false),
    pair("edges", keys, ms + 1, false),
  ]);
}

/** Keys that are missing, empty or 0 join nothing, and half a key is none. */
function negatives(): Pair[] {
  const rows: [Keys, Keys, Keys][] = [
    [{ pod: "p", pid: 0 }, {}, {}],
    [{ pod: "", pid: 7 }, {}, {}],
    [{ pid: 7 }, {}, {}],
    [{ pod: "p" }, {}, {}],
    [{ service: "s" }, {}, {}],
    [{ node: "n" }, {}, {}],
    [{ service: "", node: "n" }, {}, {}],
    [{ trace_id: "" }, {}, {}],
    [{}, {}, {}],
    [{ pid: 7 }, { pod: "p" }, { pod: "q" }],
    [{ pod: "p" }, { pid: 7 }, { pid: 8 }],
    [{ pod: "p" }, { conn_tuple: tuple(1) }, { conn_tuple: tuple(2) }],
    [{ conn_tuple: tuple(1) }, { pod: "p" }, { pod: "q" }],
    [{ service: "s" }, { node: "n" }, { node: "m" }],
    [{ node: "n" }, { service: "s" }, { service: "t" }],
    [{ conn_tuple: "" }, { pod: "p" }, { pod: "p" }],
  ];
  return rows.flatMap(([shared, span, signal]) => [
    pair("negatives", shared, 0, false, "", { span, signal }),
    pair("negatives", shared, 40, false, "", { span, signal }),
  ]);
}

/** One thing, written in two ways. */
function spellings(): Pair[] {
  const upper = { span: { trace_id: trace(5) }, signal: { trace_id: trace(5).toUpperCase() } };
  const back = { span: { conn_tuple: "10.0.0.1:5->10.0.0.2:443" }, signal: { conn_tuple: "10.0.0.2:443->10.0.0.1:5" } };
  const object = {
    span: { conn_tuple: "10.0.0.1:5->10.0.0.2:443" },
    signal: { conn_tuple: { src_ip: "10.0.0.1", src_port: 5, dst_ip: "10.0.0.2", dst_port: 443, protocol: "tcp" } },
  };
  const six = {
    span: { conn_tuple: "[fd00::1]:5->[fd00::2]:443" },
    signal: { conn_tuple: "[fd00::1]:5->[fd00::2]:443/tcp" },
  };
  return [0, 90].flatMap((ms) => [
    pair("spellings", {}, ms, true, "trace_id_exact", upper),
    ...[back, object, six].map((sides) => pair("spellings", { pod: "p" }, ms, true, "pod_conn_250ms", sides)),
  ]);
}

/** Several requests in one process at the same moment: with a trace each finds its own; without one nobody can know. */
function concurrency(): Pair[] {
  const process = { pod: "api-0", pid: 4242 };
  const pairs: Pair[] = [];
  for (let g = 0; g < 8; g++) {
    for (let i = 0; i < 4; i++) {
      const ids = (of: number) => ({ trace_id: trace(1000 + 10 * g + of) });
      const own = { span: { ...ids(i), span_id: `t${g}s${i}` }, signal: { ...ids(i), event_id: `t${g}e${i}` } };
      const next = (i + 1) % 4;
      const cross = { span: own.span, signal: { ...ids(next), event_id: `t${g}e${next}` } };
      pairs.push(together(pair("concurrency_traced", process, 5, true, "trace_id_exact", { ...own, group: `t${g}` })));
      pairs.push(together(pair("concurrency_traced", process, 5, false, "", { ...cross, group: `t${g}` })));
    }
  }
  for (let g = 0; g < 4; g++) {
    for (const [i, j] of [[0, 0], [0, 1], [1, 0], [1, 1]] as const) {
      const sides = { span: { span_id: `u${g}s${i}` }, signal: { event_id: `u${g}e${j}` } };
      const one = pair("concurrency_untraced", process, 5, i === j, "pod_pid_100ms", { ...sides, group: `u${g}` });
      pairs.push(together(one));
    }
  }
  return pairs;
}

/** Pairs of one group are of one moment. */
function together(one: Pair): Pair {
  const at = (ms: bigint) => timeText(T0 + ms * 1_000_000n);
  return { ...one, span: { ...one.span, timestamp: at(0n) }, signal: { ...one.signal, timestamp: at(5n) } };
}

/** A signal whose trace is known is of that trace, however alike the process: where its span is there to tell. */
function otherTraces(): Pair[] {
  const process = { pod: "api-1", pid: 77 };
  const pairs: Pair[] = [];
  for (let g = 0; g < 6; g++) {
    const signal = { trace_id: trace(2001 + 2 * g), event_id: `o${g}e` };
    const mine = { span: { trace_id: trace(2000 + 2 * g), span_id: `o${g}a` }, signal, group: `o${g}` };
    const theirs = { span: { trace_id: trace(2001 + 2 * g), span_id: `o${g}b` }, signal, group: `o${g}` };
    pairs.push(together(pair("other_trace", process, 5, false, "", mine)));
    pairs.push(together(pair("other_trace", process, 5, true, "trace_id_exact", theirs)));
  }
  // Its own span never came: the likeness of the process is all that is left, and it is wrong.
  for (let g = 0; g < 2; g++) {
    const sides = { span: { trace_id: trace(3000 + g) }, signal: { trace_id: trace(3100 + g) } };
    pairs.push(pair("other_trace_unseen", process, 20, false, "", sides));
  }
  return pairs;
}

/** The application's clock is not the kernel's. What belongs together is labelled so, also where the window is too small to see it. */
function skew(): Pair[] {
  const all = { pod: "api-2", pid: 5, conn_tuple: tuple(8), service: "s", node: "n" };
  const traced = { ...all, trace_id: trace(4000) };
  return [
    ...[-90, -50, -20, -5, 5, 20, 50, 90].flatMap((ms) => [
      pair("clock_skew", { pod: "api-2", pid: 5 }, ms, true, "pod_pid_100ms"),
      pair("clock_skew", traced, ms, true, "trace_id_exact"),
    ]),
    ...[-240, -150, 150, 240].map((ms) => pair("clock_skew", all, ms, true, "pod_conn_250ms")),
    ...[-450, -300, 300, 450].map((ms) => pair("clock_skew", all, ms, true, "svc_node_500ms")),
    ...[-1900, -1000, 1000, 1900].map((ms) => pair("clock_skew", traced, ms, true, "trace_id_exact")),
    // Too far for any window: missed.
    ...[-3000, 3000].map((ms) => pair("clock_skew", traced, ms, true, "trace_id_exact")),
    ...[-800, 800].map((ms) => pair("clock_skew", all, ms, true, "svc_node_500ms")),
  ];
}

/** A pod is replaced: what the old one left is not the new one's. */
function restarts(): Pair[] {
  const place = { service: "s", node: "n" };
  const renamed = { span: { pod: "api-7c-new", pid: 20 }, signal: { pod: "api-7c-old", pid: 20 } };
  return [
    ...[1, 2, 3, 4].map((n) =>
      pair("pod_restart", { trace_id: trace(5000 + n), ...place }, 200 * n, true, "trace_id_exact", renamed)
    ),
    ...[10, 60, 90].map((ms) => pair("pod_restart", {}, ms, false, "", renamed)),
    // A stateful set keeps the name; the process is another one.
    ...[10, 60, 90].map((ms) =>
      pair("pod_restart", { pod: "db-0" }, ms, false, "", { span: { pid: 31 }, signal: { pid: 30 } })
    ),
    // Seconds later the same pid is used again.
    ...[101, 900, 4000].map((ms) => pair("pod_restart", { pod: "db-0", pid: 30 }, ms, false)),
    // Within half a second service and node are all that is compared, and they have not changed.
    ...[100, 400].map((ms) => pair("pod_restart_same_place", place, ms, false, "", renamed)),
  ];
}
