import { assert, assertEquals } from "@std/assert";
import { parseTraceparent, traceparentOf, Tracing, wallTime } from "./tracing.ts";

const TRACE = "0102030405060708090a0b0c0d0e0f10";
const SPAN = "00f067aa0ba902b7";

Deno.test("parseTraceparent takes what W3C allows", () => {
  const rows: [string | undefined, number | null][] = [
    [`00-${TRACE}-${SPAN}-01`, 1],
    [`00-${TRACE}-${SPAN}-00`, 0],
    [`cc-${TRACE}-${SPAN}-03-later`, 1],
    [`ff-${TRACE}-${SPAN}-01`, null],
    [`00-${"0".repeat(32)}-${SPAN}-01`, null],
    [`00-${TRACE}-${"0".repeat(16)}-01`, null],
    [`00-${TRACE.toUpperCase()}-${SPAN}-01`, null],
    ["hello", null],
    [undefined, null],
  ];
  for (const [header, flags] of rows) assertEquals(parseTraceparent(header)?.traceFlags ?? null, flags, header);
});

Deno.test("a CLIENT span under a remote parent goes on in the same trace", async () => {
  const tracing = new Tracing("test", undefined);
  const server = tracing.server("s", `00-${TRACE}-${SPAN}-01`, {}, wallTime());
  const header = traceparentOf(tracing.client("c", server, {}));
  assert(header.startsWith(`00-${TRACE}-`) && header.endsWith("-01") && !header.includes(SPAN), header);
  assertEquals(parseTraceparent(traceparentOf(tracing.server("new", undefined, {}, wallTime())))?.traceFlags, 1);
  await tracing.shutdown();
});
