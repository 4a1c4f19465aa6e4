/** What changed since another run, for a terminal. */
import type { Change, Comparison } from "../model/comparison.ts";
import { duration, plural } from "../report/format.ts";
import { paint } from "../report/paint.ts";
import { printable, wrap } from "../report/text.ts";

export function comparisonSection(comparison: Comparison, color: boolean, width: number): string {
  const brush = paint(color);
  const { baseline, changes, left_out, same, too_few, cautions } = comparison;
  const since = `${printable(baseline.host)}, ${duration(baseline.seconds * 1000)} from ${
    baseline.start.slice(0, 19)
  }Z`;
  const lines = [brush.bold(`Compared with ${since}`)];
  const say = (text: string, mark: string, colour: (text: string) => string) => {
    wrap(printable(text), width - 2).forEach((line, i) => lines.push(`${i === 0 ? mark : " "} ${colour(line)}`));
  };
  const COLOURS: Readonly<Record<Change["change"], (text: string) => string>> = {
    new: brush.red,
    worse: brush.red,
    better: brush.green,
    gone: brush.green,
  };
  const MARKS: Readonly<Record<Change["change"], string>> = { new: "+", worse: "+", better: "-", gone: "-" };
  for (const { change, sentence } of changes) say(sentence, MARKS[change], COLOURS[change]);
  if (changes.length === 0) say("nothing that both runs speak of has changed plainly", " ", brush.green);
  const rest = [
    left_out > 0 && `${plural(left_out, "further change")}`,
    `${plural(same, "row")} about the same`,
    too_few > 0 && `${plural(too_few, "row")} with too few occurrences to say`,
  ].filter(Boolean);
  say(rest.join("; "), " ", brush.dim);
  for (const caution of cautions) say(caution, "!", brush.yellow);
  return `${lines.join("\n")}\n`;
}
