/** A JSON object that says one key twice says two things; `JSON.parse` keeps the last of them and tells nobody. */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** The first key that an object of the text names twice; null: none does. @param text valid JSON */
export function doubledKey(text: string): string | null {
  const open: (Set<string> | null)[] = [];
  let last = "";
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const key: string = JSON.parse(last);
      const keys = open.at(-1)!;
      if (keys!.has(key)) return key;
      keys!.add(key);
    } else if (token !== ",") last = token;
  }
  return null;
}

/** The same for one line of many: a flat object has as many keys as colons after quotes, which is quick to see. */
export function doubledKeyOfLine(line: string, value: object): string | null {
  let colons = 0;
  for (let at = line.indexOf('":'); at >= 0; at = line.indexOf('":', at + 2)) colons++;
  return colons === Object.keys(value).length && !/"\s+:/.test(line) ? null : doubledKey(line);
}
