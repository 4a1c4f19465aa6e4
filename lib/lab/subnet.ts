/** Which /24 the lab may use without taking an address that this machine already has a way to. Pure. */

interface Range {
  readonly from: number;
  readonly bits: number;
}

/**
 * The first 10.77.x that overlaps none of the routes; failing that, the first inside a wider route only, where the longer prefix of the
 * lab wins on this host. Null when all 256 are taken.
 *
 * @param destinations as `ip route` prints them: "default", "192.0.2.0/24", "10.1.2.3"
 */
export function pickSubnet(destinations: readonly string[]): string | null {
  const taken = destinations.map(parseRange).filter((range) => range !== null);
  const free = (x: number, isTaken: (range: Range) => boolean) =>
    !taken.some((r) => isTaken(r) && overlaps(r, subnet(x)));
  for (const isTaken of [() => true, (range: Range) => range.bits >= 24]) {
    for (let x = 0; x < 256; x++) {
      if (free(x, isTaken)) return `10.77.${x}`;
    }
  }
  return null;
}

function subnet(x: number): Range {
  return { from: (10 << 24 | 77 << 16 | x << 8) >>> 0, bits: 24 };
}

function overlaps(a: Range, b: Range): boolean {
  const size = 2 ** (32 - Math.min(a.bits, b.bits));
  return Math.floor(a.from / size) === Math.floor(b.from / size);
}

function parseRange(text: string): Range | null {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(text);
  if (match === null) return null;
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(1, 5).map(Number);
  const bits = match[5] === undefined ? 32 : Number(match[5]);
  return bits === 0 ? null : { from: (a << 24 | b << 16 | c << 8 | d) >>> 0, bits };
}
