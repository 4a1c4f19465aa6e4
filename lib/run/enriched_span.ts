/** What the join found about a span, written onto it. What the span says itself stands: the original is kept. Pure. */
import { type AttributeValue, DOUBLES, type Span } from "../model/span.ts";

/** What counts things; every other number is a measure, and a double even where it is a whole number. */
const COUNTS: ReadonlySet<string> = new Set([
  "llm.ebpf.tcp.retransmits",
  "llm.ebpf.net.connect_errors_total",
  "llm.ebpf.tls.handshake_fail_total",
]);

/** The span with more to say; the same span when there is nothing. */
export function enrichedSpan(span: Span, added: Readonly<Record<string, AttributeValue>>): Span {
  const keys = Object.keys(added).filter((key) => !Object.hasOwn(span.attributes, key));
  if (keys.length === 0) return span;
  const measures = keys.filter((key) => typeof added[key] === "number" && !COUNTS.has(key));
  const doubles = new Set([...(span.attributes[DOUBLES] ?? []), ...measures]);
  return { ...span, attributes: { ...added, ...span.attributes, [DOUBLES]: doubles } };
}
