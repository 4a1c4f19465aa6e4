/**
 * Azure's LLM inference traces: CSV of `TIMESTAMP,ContextTokens,GeneratedTokens`, stamps such as `2023-11-16 18:15:46.6805900`,
 * sometimes with a zone. A tick is 100 ns; integers throughout. Pure.
 */
import { lengthOf, RowError, show, type TraceRow } from "./row.ts";

export const AZURE_HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens";

const STAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?(?:Z|([+-])(\d\d):(\d\d))?$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A function that reads one line after the other; the first is time 0. */
export function azureReader(): (text: string, line: number) => TraceRow {
  let first: bigint | undefined;
  return (text, line) => {
    const cells = text.split(",");
    if (cells.length !== 3) throw new RowError(`it has ${cells.length} cells, not 3`);
    const ticks = parseTicks(cells[0]!);
    first ??= ticks;
    return {
      line,
      offsetNs: Number((ticks - first) * 100n),
      nIn: lengthOf(cells[1], "ContextTokens"),
      nOut: lengthOf(cells[2], "GeneratedTokens"),
    };
  };
}

/** Ticks of 100 ns since the year 1970. @throws RowError */
export function parseTicks(text: string): bigint {
  const [, ...parts] = STAMP.exec(text) ?? [];
  if (parts.length === 0) throw new RowError(`TIMESTAMP is ${show(text)}, no time`);
  const [year, month, day, hour, minute, second] = parts.slice(0, 6).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const inMonth = month === 2 && leap ? 29 : DAYS[month - 1] ?? 0;
  if (day < 1 || day > inMonth || hour > 23 || minute > 59 || second > 59) {
    throw new RowError(`TIMESTAMP is ${show(text)}, no time`);
  }
  const zone = parts[7] === undefined ? 0 : (parts[7] === "-" ? -60 : 60) * (60 * Number(parts[8]) + Number(parts[9]));
  const seconds = ((daysBefore(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - zone;
  return BigInt(seconds) * 10_000_000n + BigInt((parts[6] ?? "").padEnd(7, "0"));
}

/** Days from 1970-01-01 to a date of the Gregorian calendar, by counting from the March before it. */
function daysBefore(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}
