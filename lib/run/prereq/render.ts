/** The rows for a person: grouped, and under each that is not well what it costs and how to get it. Pure. */
import { paint } from "../../report/paint.ts";
import { pad, printable, wrap } from "../../report/text.ts";
import { plural } from "../../report/format.ts";
import type { Row } from "./row.ts";

const TITLES: Readonly<Record<Row["group"], string>> = {
  kernel: "Kernel",
  rights: "Rights",
  hooks: "Hooks, each really tried",
  probes: "Probes",
  host: "Control groups and clocks",
  tools: "Tools of the lab",
};

const MARK = { ok: "ok", degraded: "degraded", missing: "missing" } as const;
const MARK_WIDTH = 8;

export interface RenderOptions {
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

/** Ends with a line break. */
export function renderRows(rows: readonly Row[], { color, width }: RenderOptions): string {
  const brush = paint(color);
  const colored = { ok: brush.green, degraded: brush.yellow, missing: brush.red };
  const column = Math.max(...rows.map(({ check }) => check.length));
  const inset = 2 + MARK_WIDTH + 2 + column + 2;
  const room = Math.max(24, Math.min(width, 120) - inset);
  const lines: string[] = [];
  for (const group of Object.keys(TITLES) as Row["group"][]) {
    const own = rows.filter((row) => row.group === group);
    if (own.length === 0) continue;
    lines.push(...(lines.length === 0 ? [] : [""]), brush.bold(TITLES[group]));
    for (const { check, state, found, costs, get } of own) {
      const [first = "", ...more] = wrap(printable(found), room);
      lines.push(`  ${colored[state](pad(MARK[state], MARK_WIDTH))}  ${pad(check, column)}  ${first}`.trimEnd());
      const below = [...more, ...noted("costs: ", costs, room), ...noted("fix: ", get, room)];
      lines.push(...below.map((line) => " ".repeat(inset) + brush.dim(line)));
    }
  }
  return `${lines.join("\n")}\n\n${verdict(rows)}\n`;
}

function noted(label: string, text: string | undefined, room: number): string[] {
  return text === undefined ? [] : wrap(label + printable(text), room);
}

function verdict(rows: readonly Row[]): string {
  const missing = rows.filter(({ state }) => state === "missing").length;
  const degraded = rows.filter(({ state }) => state === "degraded").length;
  const good = plural(rows.length - missing - degraded, "check");
  if (missing + degraded === 0) return `${good}, all well.`;
  return `${good} well, ${degraded} degraded, ${missing} missing.`;
}
