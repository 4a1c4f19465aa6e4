import { assertEquals } from "@std/assert";
import { request } from "../testing/request_record.ts";
import { type LoopRecord, readRecords, RecordLog } from "./record_log.ts";

Deno.test("records come back as they were, the rare parts too, over many pages", () => {
  const many = Array.from(
    { length: 3000 },
    (_, id) => request({ id, g: id, s: id, t: Array.from({ length: 100 }, (_, i) => id + i), e: id + 100, nOut: 100 }),
  );
  const odd: LoopRecord[] = [
    {
      ...request({ id: 1, g: null, s: null, e: null, outcome: "dropped", error: "max_in_flight" }),
      conn: null,
      conn_reused: null,
    },
    {
      ...request({ id: 2, t: [1, 2], e: 3, tTokens: [1, 4], nOut: 5 }),
      finish_reason: "stop",
      flags: ["no_done"],
      text: "hi",
    },
    {
      ...request({ id: 3, outcome: "err", error: "http_429" }),
      retry_after: "7",
      location: "/x",
      body: "slow",
      error_detail: "d",
    },
    {
      ...request({ id: 4, t: [1], e: 3, nOut: 1 }),
      finish_reason: "length",
      n_cached: 3,
      n_reasoning: 0,
      conn_reused: false,
    },
  ];
  const log = new RecordLog();
  for (const record of [...many, ...odd]) log.append(record);
  const pages = log.close();
  assertEquals(pages.pages.length > 1, true);
  assertEquals(readRecords(structuredClone(pages)), [...many, ...odd]);
  assertEquals(readRecords(pages, { "tpot.decode": 5 })[0]!.slo, { "tpot.decode": 5 });
  assertEquals(readRecords(new RecordLog().close()), []);
});
