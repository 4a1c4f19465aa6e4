import { assertEquals } from "@std/assert";
import type { Innocence } from "../../load/innocence.ts";
import type { RequestRecord } from "../../model/request_record.ts";
import type { SloOutcome } from "./slo.ts";
import { verdict } from "./verdict.ts";

const client = (...reasons: string[]) => ({ reasons }) as unknown as Innocence;
const ended = (...outcomes: string[]) => outcomes.map((outcome) => ({ outcome })) as unknown as RequestRecord[];
const slo = (of: string) => ({ verdict: of, reasons: [] }) as unknown as SloOutcome;

Deno.test("a run's verdict: nothing answered is told before a late client, and a late client before any figure", () => {
  const rows: [Innocence, SloOutcome[], RequestRecord[], string[], string | null][] = [
    [client(), [], ended("ok"), [], null],
    [client(), [], [], [], "no_data"],
    [client(), [], ended("err"), [], "no_data"],
    [client("sent 0 of 21"), [], ended("err", "err"), [], "no_data"], // as where no certificate verifies
    [client("late"), [], ended("ok", "err"), [], "inconclusive"],
    [client(), [], ended("ok"), ["stopped"], "inconclusive"],
    [client(), [slo("fail")], ended("err"), [], "fail"],
    [client("late"), [slo("fail")], ended("err"), [], "inconclusive"],
    [client(), [slo("pass"), slo("fail")], ended("ok"), [], "fail"],
    [client(), [slo("not-evaluated")], ended("ok"), [], null],
  ];
  for (const [innocence, slos, records, stops, expected] of rows) {
    assertEquals(
      verdict(innocence, slos, records, stops).verdict,
      expected,
      JSON.stringify([innocence, slos, records]),
    );
  }
});

Deno.test("where nothing was due the client has nothing to answer for", () => {
  const { reasons } = verdict(client("late"), [], [], ["the run was stopped before its end"]);
  assertEquals(reasons, ["no request was due in the window", "the run was stopped before its end"]);
});
