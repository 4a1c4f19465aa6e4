/** A request in words: its split, its spans, the kernel signals joined with it, and those that were not, and why. */
import type { JoinView, RequestAnswer, RequestView, SignalView, SpanView } from "../../model/answers.ts";
import { LABELS } from "../../model/split.ts";
import { bars } from "../../report/bars.ts";
import { ms, plural } from "../../report/format.ts";
import { paint } from "../../report/paint.ts";
import { table } from "../../report/table.ts";
import { printable, wrap } from "../../report/text.ts";
import { amount, type Page } from "./explain_incident.ts";

const MOST_SPANS = 30;
const MOST_JOINS = 20;

export function explainRequest(answer: RequestAnswer, page: Page): string {
  const lines = (text: string) => wrap(printable(text), page.width).map((line) => `${line}\n`).join("");
  const incidents = answer.incident_ids.length === 0 ? "" : `; of ${answer.incident_ids.join(", ")}`;
  return lines(`trace ${answer.trace_id}${incidents}`) +
    answer.requests.map((request) => requestText(request, page)).join("") +
    (answer.requests.length === 0 ? "\nNo request: no span of this trace is a service's answer to one.\n" : "") +
    spansText(answer.spans, page) + joinsText(answer.joins, page) + rejectedText(answer.rejected, page);
}

function requestText(request: RequestView, { width, color }: Page): string {
  const { split, ttft_ms: ttft } = request;
  const brush = paint(color);
  const head = `${request.service || "-"}: ${request.name}, ${request.status}, ${ms(request.duration_ms)} in all`;
  const first = ttft === null
    ? "no first token was seen"
    : `first token after ${ms(ttft)}, as the ${request.ttft_source ?? "application"} says`;
  const text = "\n" + wrap(printable(head), width).map((line) => `${brush.bold(line)}\n`).join("") +
    wrap(`${first}; began ${request.started_at}`, width).map((line) => `${line}\n`).join("");
  if (split === null) {
    return text +
      wrap(printable(`No split: ${request.no_split_because ?? "-"}`), width).map((line) => `${line}\n`).join("");
  }
  const sure = `weakest join ${request.tier}, ${request.confidence?.toFixed(2)}; ${
    request.cold ? "cold: it had to resolve or connect" : "warm: its connections were open"
  }`;
  return `${text}${bars(LABELS.map((label) => ({ label, ms: split[label] })), { width, color })}${sure}\n`;
}

function spansText(spans: readonly SpanView[], { width, color }: Page): string {
  if (spans.length === 0) return "";
  const shown = tree(spans).slice(0, MOST_SPANS);
  const more = spans.length > shown.length ? `${spans.length - shown.length} more are not shown\n` : "";
  const origin = Math.min(...spans.map(({ started_at }) => Date.parse(started_at)));
  return "\nSpans\n" + table(
    [
      { title: "span", min: 16 },
      { title: "service", min: 8 },
      { title: "at", align: "right" },
      { title: "took", align: "right" },
      { title: "status", paint: (text, brush) => text.trim() === "error" ? brush.red(text) : text },
    ],
    shown.map(({ span, depth }) => [
      "  ".repeat(depth) + span.name,
      span.service,
      ms(Date.parse(span.started_at) - origin),
      ms(span.duration_ms),
      span.status,
    ]),
    { width, color },
  ) + more;
}

/** Parents before their children, children by time; what has no parent here, or is its own ancestor, stands at the top. */
function tree(spans: readonly SpanView[]): { readonly span: SpanView; readonly depth: number }[] {
  const ids = new Set(spans.map(({ span_id }) => span_id));
  const children = Map.groupBy(spans, ({ parent_span_id }) => ids.has(parent_span_id) ? parent_span_id : "");
  const placed = new Set<SpanView>();
  const rows: { span: SpanView; depth: number }[] = [];
  const place = (span: SpanView, depth: number) => {
    if (placed.has(span)) return;
    placed.add(span);
    rows.push({ span, depth: Math.min(depth, 8) });
    if (rows.length < MOST_SPANS) { for (const child of children.get(span.span_id) ?? []) place(child, depth + 1); }
  };
  for (const span of [...children.get("") ?? [], ...spans]) {
    if (rows.length < MOST_SPANS) place(span, 0);
  }
  return rows;
}

function joinsText(all: readonly JoinView[], { width, color }: Page): string {
  // What is written on spans says most.
  const joins = all.toSorted((a, b) => Number(b.enriches) - Number(a.enriches)).slice(0, MOST_JOINS);
  const more = all.length > joins.length ? `${all.length - joins.length} more are not shown; --json has them\n` : "";
  if (joins.length === 0) return "\nNo kernel signal was joined with it.\n";
  return "\nKernel signals joined with it (offsets from its first span)\n" + table(
    [
      { title: "signal", min: 12 },
      { title: "value", align: "right" },
      { title: "at", align: "right" },
      { title: "span", min: 8 },
      { title: "tier" },
      { title: "conf.", align: "right" },
    ],
    joins.map((join) => [
      join.signal,
      `${amount(join.value)} ${join.unit}`.trim(),
      ms(join.at_ms),
      join.span_name,
      join.tier,
      join.confidence.toFixed(2),
    ]),
    { width, color, note: (row) => joinNote(joins[row]!) },
  ) + more;
}

function joinNote(join: JoinView): string {
  const unused = join.enriches ? "" : "; not written on the span";
  return `${join.reason}${unused}; ${owner(join)}`;
}

function rejectedText({ total, because, nearest }: RequestAnswer["rejected"], { width, color }: Page): string {
  if (total === 0) return "\nNo other kernel signal was near it.\n";
  const reasons = Object.entries(because).sort((a, b) => b[1] - a[1]).map(([why, n]) => `${n} ${why}`).join("; ");
  const head = `Not joined with it, though near in time: ${plural(total, "signal")} (${reasons})`;
  return "\n" + wrap(printable(head), width).map((line) => `${line}\n`).join("") + table(
    [
      { title: "signal", min: 12 },
      { title: "value", align: "right" },
      { title: "at", align: "right" },
      { title: "process", min: 10 },
    ],
    nearest.map((one) => [one.signal, `${amount(one.value)} ${one.unit}`.trim(), ms(one.at_ms), process(one)]),
    { width, color, note: (row) => nearest[row]!.why },
  );
}

function process({ comm, pid, pod }: SignalView): string {
  return `${comm || "?"}[${pid}]${pod === "" ? "" : ` in ${pod}`}`;
}

function owner(signal: SignalView): string {
  return [process(signal), signal.node === "" ? "" : `on ${signal.node}`, signal.about].filter((part) => part !== "")
    .join(
      ", ",
    );
}
