/** The result of `cdgate check` for a person. */
import type { Io } from "../model/io.ts";
import { paint } from "../report/paint.ts";
import { table } from "../report/table.ts";
import type { CdResult } from "./cdgate.ts";

export function cdgateText({ verdict, override, source, checks }: CdResult, io: Pick<Io, "color" | "columns">): string {
  const brush = paint(io.color);
  const colour = (verdict: string) =>
    verdict.startsWith("pass")
      ? brush.green(verdict)
      : verdict.startsWith("fail")
      ? brush.red(verdict)
      : brush.yellow(verdict);
  const rows = checks.map(({ id, verdict, reason, limit, said }) => [
    id,
    reason === null ? verdict : `${verdict} (${reason})`,
    limit,
    said,
  ]);
  const head = override === null
    ? `${colour(verdict)}: ${source}\n`
    : `${colour(verdict)}, let through by --fail-open: ${source} could not be asked\n`;
  return `${head}\n` + table(
    [{ title: "check" }, { title: "verdict", paint: (text) => colour(text) }, { title: "limit" }],
    rows,
    { color: io.color, width: io.columns, note: (row) => rows[row]![3] },
  );
}
