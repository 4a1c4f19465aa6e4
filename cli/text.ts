/** Laying out plain text for a terminal of a given width. Pure. */

/** Words of `text` broken into lines of at most `width` columns; a longer word keeps its own line. Always at least one line. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

/** Widest left column that still leaves room for the right one beside it. */
const LEFT_MAX = 32;
const RIGHT_MIN = 24;

/** Rows of a term and its explanation, the explanations aligned; on a narrow terminal they go on lines of their own. */
export function twoColumns(rows: readonly (readonly [string, string])[], width: number): string[] {
  const longest = Math.max(0, ...rows.map(([left]) => left.length).filter((length) => length <= LEFT_MAX));
  const beside = width - longest - 4 >= RIGHT_MIN;
  const column = beside ? longest + 4 : 6;
  return rows.flatMap(([left, right]) => {
    const [first, ...more] = wrap(right, Math.max(RIGHT_MIN, width - column));
    const rest = more.map((line) => " ".repeat(column) + line);
    if (beside && left.length <= longest) return [`  ${left.padEnd(longest)}  ${first}`.trimEnd(), ...rest];
    return [`  ${left}`, ...(first === "" ? [] : [" ".repeat(column) + first, ...rest])];
  });
}
