import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { IoError, UnsupportedError, UsageError } from "../model/errors.ts";
import { SCHEMAS } from "../model/schema/mod.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { detectSchema } from "./schema_detect.ts";
import { listSchemas, printSchema, validateFile } from "./schema_validate.ts";

const PROBE = {
  ts_unix_nano: 1790000000000000000n,
  signal: "dns_latency_ms",
  node: "n",
  namespace: "",
  pod: "",
  container: "",
  pid: 1,
  tid: 1,
  value: 1.5,
  unit: "ms",
  status: "ok",
};
const SLO = {
  event_id: "e",
  timestamp: "2026-01-01T00:00:00Z",
  cluster: "c",
  namespace: "n",
  workload: "w",
  service: "s",
  request_id: "r",
  sli_name: "ttft_ms",
  sli_value: 1,
  unit: "ms",
  status: "ok",
};
const { ts_unix_nano: _ts, ...noTime } = PROBE;
const text = (value: unknown) => JSON.stringify(value, (_k, v: unknown) => typeof v === "bigint" ? Number(v) : v);

async function judge(stdin: string, schema?: string, json = false) {
  const io = fakeIo({ stdin });
  const code = await validateFile({ file: "-", schema, json }, io);
  return { code, out: io.stdout };
}

Deno.test("a document's schema is the one it names, or the one its keys are like", () => {
  const table: [unknown, ReturnType<typeof detectSchema>][] = [
    [PROBE, { known: "probe-event/v1alpha1" }],
    [{ ...PROBE, cgroup: "/x" }, { known: "probe-event/v1alpha2" }],
    [{ ...PROBE, schema: "probe_event/v1alpha2" }, { known: "probe-event/v1alpha2" }],
    [noTime, { known: "probe-event/v1alpha1" }],
    [SLO, { known: "slo-event/v1" }],
    [{ ...SLO, more: 1 }, { known: "slo-event/v1" }],
    [{ ...SLO, sli_name: "tool_call_success" }, { known: "slo-event/v1.1" }],
    [{ ...SLO, sli_name: "happiness" }, { known: "slo-event/v1" }],
    [{ kind: "span", payload: {} }, { known: "recording/v1" }],
    [{ schema: "diagnosis/v1" }, { known: "diagnosis/v1" }],
    [{ schema: "diagnosis/v9" }, { unknown: "diagnosis/v9" }],
    [{ a: 1 }, null],
    [[PROBE], null],
    [null, null],
    ["text", null],
  ];
  for (const [document, expected] of table) assertEquals(detectSchema(document), expected, text(document));
});

Deno.test("valid and invalid documents, with line and field", async () => {
  const bad = { ...PROBE, pid: "one" };
  const table: [string, number, string][] = [
    [text(PROBE), 0, "standard input: 1 document, valid (probe-event/v1alpha1 1)\n"],
    [JSON.stringify(SLO, null, 2), 0, "standard input: 1 document, valid (slo-event/v1 1)\n"],
    [`${text(PROBE)}\n\n${text(SLO)}\n`, 0, "2 documents, valid (probe-event/v1alpha1 1, slo-event/v1 1)\n"],
    [`${text(PROBE)}\n${text(bad)}\n`, 1, "standard input:2: /pid must be integer (probe-event/v1alpha1)\n"],
    [text(noTime), 1, "standard input:1: /ts_unix_nano is missing (probe-event/v1alpha1)\n"],
    [text({ kind: "probe", payload: PROBE }), 0, "valid (recording/v1 1, probe-event/v1alpha1 1)"],
    [text({ kind: "probe", payload: bad }), 1, "standard input:1: /payload/pid must be integer"],
    [text({ kind: "probe", payload: 7 }), 1, "/payload must be object (recording/v1)"],
    [`${text(PROBE)}\n{"ts_unix`, 1, "standard input:2: not JSON: "],
    ["\x7fELF rubbish", 1, "standard input:1: not JSON: "],
    ['{"a":1}', 1, "standard input:1: / is like none of our documents"],
  ];
  for (const [stdin, code, said] of table) {
    const result = await judge(stdin);
    assertEquals(result.code, code, stdin);
    assertStringIncludes(result.out, said);
  }
});

Deno.test("--schema judges every document by one schema", async () => {
  assertEquals((await judge(text(PROBE), "slo_event/v1")).code, 1);
  assertEquals((await judge(text(PROBE), "probe_event/v1alpha2")).code, 0);
  await assertRejects(() => judge(text(PROBE), "slo-event/v2"), UsageError, "there is none of that name");
});

Deno.test("nothing to read, and schemas from the future, are no verdict", async () => {
  await assertRejects(() => judge(" \n"), IoError, 'Cannot validate "standard input": it is empty');
  await assertRejects(() => judge('{"schema":"diagnosis/v9"}'), UnsupportedError, "does not know");
  const io = fakeIo();
  const file = (file: string) => validateFile({ file, schema: undefined, json: false }, io);
  await assertRejects(() => file("/nonexistent"), IoError, "there is no such file");
  await assertRejects(() => file("/tmp"), IoError, "it is a directory");
});

Deno.test("--json has every complaint, to a bound", async () => {
  const { out } = await judge(
    Array.from({ length: 1200 }, () => '{"sli_name":"ttft_ms","status":1}').join("\n"),
    "slo-event/v1",
    true,
  );
  const document = JSON.parse(out) as { invalid: number; complaints: unknown[]; complaints_left_out: number };
  assertEquals([document.invalid, document.complaints.length], [1200, 1000]);
  assertEquals(document.complaints_left_out > 1000, true);
  assertEquals((await judge('{"sli_name":"ttft_ms"}\n'.repeat(30), "slo-event/v1")).out.split("\n").length, 23);
});

Deno.test("schemas are listed and printed", () => {
  const io = fakeIo();
  listSchemas(false, io);
  for (const name of Object.keys(SCHEMAS)) assertStringIncludes(io.stdout, name);
  const printed = fakeIo();
  printSchema("slo-event/v1", printed);
  assertEquals(JSON.parse(printed.stdout), JSON.parse(JSON.stringify(SCHEMAS["slo-event/v1"])));
});
