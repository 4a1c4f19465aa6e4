/** Events as rows of a table that never ends. */
import type { ProbeEvent } from "../model/probe_event.ts";
import { paint } from "../report/paint.ts";
import { pad, printable, truncateMiddle } from "../report/text.ts";
import type { Field } from "./fields.ts";

export interface RowsOptions {
  readonly fields: readonly Field[];
  readonly color: boolean;
  /** Columns of the terminal; null: there is none, and nothing is cut. */
  readonly width: number | null;
}

const GAP = "  ";
/** The last column gets what is left, but no less than this. */
const LEAST_LAST = 8;

export class RowPrinter {
  readonly #options: RowsOptions;

  constructor(options: RowsOptions) {
    this.#options = options;
  }

  /** Without a line feed. */
  header(): string {
    const { fields, color } = this.#options;
    return paint(color).bold(this.#line(fields.map(({ name }) => name.toUpperCase())));
  }

  /** Without a line feed. */
  row(event: ProbeEvent): string {
    const { fields, color } = this.#options;
    const cells = fields.map((field) => {
      const value = field.read(event);
      return value === undefined ? "-" : printable(field.show?.(event) ?? String(value));
    });
    const line = this.#line(cells);
    if (event.status === "ok") return line;
    return event.status === "error" ? paint(color).red(line) : paint(color).yellow(line);
  }

  #line(cells: readonly string[]): string {
    const { fields, width } = this.#options;
    let left = width ?? Infinity;
    return cells.map((cell, i) => {
      const field = fields[i]!;
      const last = i === fields.length - 1;
      const room = last ? Math.max(LEAST_LAST, left) : Math.min(field.width, left);
      left = Math.max(0, left - field.width - GAP.length);
      const text = width === null ? cell : truncateMiddle(cell, Math.max(1, room));
      return last && !field.right ? text : pad(text, field.width, field.right ? "right" : "left");
    }).join(GAP).trimEnd();
  }
}
