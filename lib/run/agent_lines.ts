/** How an event becomes a line: a document, a wrapped one, or a row for a person. */
import type { LineBuffer } from "../export/line_buffer.ts";
import { serializeProbeEvent } from "../export/probe_event_json.ts";
import { DEFAULT_FIELDS, fieldsOf } from "../follow/fields.ts";
import { parseFilter } from "../follow/filter.ts";
import { RowPrinter } from "../follow/rows.ts";
import type { Io } from "../model/io.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import type { AgentOptions } from "./agent_options.ts";

export interface LineWriter {
  /** Before the first line; "" where there is none. */
  readonly header: string;
  wanted(event: ProbeEvent): boolean;
  /** Without its line feed. */
  of(event: ProbeEvent): string;
  /** The same as one more line of many. */
  add(event: ProbeEvent, to: LineBuffer): void;
  /** What stands around every document, where lines are documents and nobody asks what is in them; else null. */
  readonly around: readonly [before: string, after: string] | null;
}

/** @throws UsageError for a filter or a field that is none */
export function lineWriter(
  { follow, fields, filter = "", json, eventKind }: Pick<
    AgentOptions,
    "follow" | "fields" | "filter" | "json" | "eventKind"
  >,
  { color, terminal, columns }: Pick<Io, "color" | "terminal" | "columns">,
): LineWriter {
  const matches = parseFilter(filter);
  if (follow.length === 0) {
    const wrap = eventKind === "both";
    const of = (event: ProbeEvent) => {
      const line = serializeProbeEvent(event);
      return wrap ? `{"kind":"probe","payload":${line}}` : line;
    };
    const [before, after] = wrap ? ['{"kind":"probe","payload":', "}"] as const : ["", ""] as const;
    const add = (event: ProbeEvent, to: LineBuffer) => to.json(event, before, after);
    return { header: "", wanted: matches, of, add, around: filter === "" ? [before, after] : null };
  }
  const shown = fieldsOf(fields.length === 0 ? DEFAULT_FIELDS : fields);
  const rows = new RowPrinter({ fields: shown, color, width: terminal ? columns : null });
  return {
    header: json ? "" : rows.header(),
    // What stayed under its threshold is a sum, and nothing that happened at a moment.
    wanted: (event) => !("histogram" in event && event.histogram !== undefined) && matches(event),
    of: json ? serializeProbeEvent : (event) => rows.row(event),
    add: (event, to) => json ? to.json(event) : to.text(rows.row(event)),
    around: null,
  };
}
