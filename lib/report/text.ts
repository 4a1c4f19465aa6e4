/** Text on a terminal: how wide it is, how to shorten it, and how to keep names from the wire from steering the terminal. */

// deno-lint-ignore no-control-regex -- these are the escape sequences themselves
const ANSI = /\x1b\[[0-9;]*m/g;
const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]|[\u{1f300}-\u{1faff}]/u;

/** Columns a text takes on a terminal; colour codes take none, CJK and emoji two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text.replace(ANSI, "")) {
    if (char < "\u0300") width++;
    else if (!/\p{M}/u.test(char)) width += WIDE.test(char) ? 2 : 1;
  }
  return width;
}

/** Query names and process names are chosen by strangers: every control character becomes `?`. */
export function printable(text: string): string {
  return text.replace(CONTROL, "?");
}

/** Shortens plain text to `width` columns by taking out its middle: both ends of a name tell more than its centre. */
export function truncateMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 1) return width === 1 ? "…" : "";
  const chars = [...text];
  let head = "";
  let tail = "";
  for (let i = 0, j = chars.length - 1; i <= j;) {
    const fromHead = displayWidth(head) <= displayWidth(tail);
    const char = fromHead ? chars[i++] : chars[j--];
    if (char === undefined || displayWidth(head) + displayWidth(tail) + displayWidth(char) > width - 1) break;
    if (fromHead) head += char;
    else tail = char + tail;
  }
  return `${head}…${tail}`;
}

/** Pads to `width` columns; longer text is left as it is. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "right" ? space + text : text + space;
}

/** A space that may end a line: not the one between a number and its unit, nor the one after `×`. */
const BREAK = /(?<!×) +(?!(?:%|ms|s|ns|MB|×)(?![\p{L}\p{N}]))/u;

/** Breaks text at spaces into lines of at most `width` columns; a longer word stands alone and is not cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(BREAK)) {
    if (line !== "" && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return line === "" ? lines : [...lines, line];
}
