import { assertEquals } from "@std/assert";
import type { Span } from "../model/span.ts";
import { SeenSpans } from "./seen_spans.ts";

const span = (n: number) => ({ traceId: "a".repeat(32), spanId: n.toString(16).padStart(16, "0") }) as Span;

Deno.test("SeenSpans forgets the oldest, never more than its horizon", () => {
  const seen = new SeenSpans(4);
  assertEquals(seen.fresh([span(1), span(2), span(1)]).length, 2);
  assertEquals(seen.fresh([span(3), span(2)]).length, 1);
  assertEquals(seen.fresh([span(4), span(5)]).length, 2);
  assertEquals(seen.fresh([span(5), span(4), span(3)]), []);
  assertEquals(seen.fresh([span(1)]).length, 1);
});

Deno.test("SeenSpans takes back what could not be kept", () => {
  const seen = new SeenSpans(4);
  seen.forget(seen.fresh([span(1), span(2)]));
  assertEquals(seen.fresh([span(1), span(2)]).length, 2);
});

Deno.test("SeenSpans knows each of very many, and none of those that were taken back", () => {
  const seen = new SeenSpans(100_000);
  const spans = Array.from({ length: 40_000 }, (_, n) => span(n * 0x10001));
  assertEquals(seen.fresh(spans).length, spans.length);
  const back = spans.filter((_, n) => n % 3 === 0);
  seen.forget(back);
  assertEquals(seen.fresh(spans).length, back.length);
  assertEquals(seen.fresh(spans), []);
});
