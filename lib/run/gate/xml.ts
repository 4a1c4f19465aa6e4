/** As much of XML as reports need: elements and their attributes. Text, comments, CDATA and declarations are passed over. */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
}

interface Open extends XmlElement {
  readonly children: XmlElement[];
}

const MARKUP = /<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<\?[^]*?\?>|<!DOCTYPE[^>[]*>|<((?:[^<>"']|"[^"]*"|'[^']*')*)>/g;
const TAG = /^(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)$/;

/** The root element; null for what is not one whole document: a tag that is not closed, a second root, an attribute said twice. */
export function elements(text: string): XmlElement | null {
  const roots: XmlElement[] = [];
  const open: Open[] = [];
  let end = 0;
  for (const { 0: markup, 1: inside, index } of text.matchAll(MARKUP)) {
    if (text.slice(end, index).includes("<")) return null;
    end = index + markup.length;
    if (inside === undefined) continue;
    const [, closing, name, rest, empty] = TAG.exec(inside) ?? [];
    if (name === undefined) return null;
    if (closing === "/") {
      if (open.pop()?.name !== name) return null;
      continue;
    }
    const attributes = attributesOf(rest!);
    if (attributes === null) return null;
    const element: Open = { name, attributes, children: [] };
    (open.at(-1)?.children ?? roots).push(element);
    if (empty === "") open.push(element);
  }
  const whole = open.length === 0 && roots.length === 1 && !text.slice(end).includes("<");
  return whole ? roots[0]! : null;
}

function attributesOf(text: string): Record<string, string> | null {
  const pairs = [...text.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, name, one, other]) =>
    [name!, one ?? other!] as const
  );
  return new Set(pairs.map(([name]) => name)).size < pairs.length ? null : Object.fromEntries(pairs);
}
