/** One line that tells how far we are: rewritten in place on a terminal, printed now and then elsewhere (a log, CI). */
import type { Io } from "../model/io.ts";
import { printable, truncateMiddle } from "./text.ts";

export interface ProgressLine extends Disposable {
  /** Shows this text now (terminal), or if the last printed line is old enough (elsewhere). */
  update(text: string): void;
  /** Prints a line that stays, above the progress line. */
  note(text: string): void;
  /** Removes the line; with a text, leaves that instead. Later calls do nothing. */
  done(text?: string): void;
}

const CLEAR = "\r\x1b[K";

/** Options: `everyMs` between plain lines off a terminal (default 10 000), `now` a millisecond clock for tests. */
export function progressLine(
  io: Pick<Io, "err" | "progress" | "columns">,
  options: { readonly everyMs?: number; readonly now?: () => number } = {},
): ProgressLine {
  const now = options.now ?? (() => performance.now());
  const everyMs = options.everyMs ?? 10_000;
  let printedAt = -Infinity;
  let shown = "";
  let closed = false;

  const update = (text: string) => {
    if (closed) return;
    const line = printable(text);
    if (io.progress) {
      if (line === shown) return;
      io.err(CLEAR + truncateMiddle(line, Math.max(10, io.columns - 1)));
      shown = line;
    } else if (now() - printedAt >= everyMs && line !== shown) {
      io.err(line + "\n");
      printedAt = now();
      shown = line;
    }
  };
  const note = (text: string) => {
    if (!io.progress || shown === "") {
      io.err(text + "\n");
    } else {
      const keep = shown;
      io.err(`${CLEAR}${text}\n`);
      shown = "";
      update(keep);
    }
  };
  const done = (text?: string) => {
    if (closed) return;
    closed = true;
    if (io.progress && shown !== "") io.err(CLEAR);
    if (text !== undefined) io.err(text + "\n");
  };
  return { update, note, done, [Symbol.dispose]: () => done() };
}
