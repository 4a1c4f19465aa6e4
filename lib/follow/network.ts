/** Addresses and networks of both families; an IPv4 address inside IPv6 is the IPv4 one. */

export interface Network {
  readonly bits: bigint;
  /** 32 or 128. */
  readonly size: number;
  readonly prefix: number;
}

/** `10.0.0.1`, `10.0.0.0/8`, `fe80::/10`; null: it is none. */
export function parseNetwork(text: string): Network | null {
  const [, address = "", length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const parsed = parseAddress(address);
  if (parsed === null) return null;
  const prefix = length === undefined ? parsed.size : Number(length);
  return prefix > parsed.size ? null : { ...parsed, prefix };
}

export function inside({ bits, size, prefix }: Network, text: string): boolean {
  const address = parseAddress(text);
  const shift = BigInt(size - prefix);
  return address !== null && address.size === size && address.bits >> shift === bits >> shift;
}

function parseAddress(text: string): { bits: bigint; size: number } | null {
  const four = parse4(text);
  if (four !== null) return { bits: four, size: 32 };
  if (!text.includes(":")) return null;
  const mapped = /^::ffff:([\d.]+)$/i.exec(text)?.[1];
  if (mapped !== undefined) return parseAddress(mapped);
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail = []] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - head!.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head!, ...Array<string>(halves.length === 2 ? missing : 0).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return { bits: groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n), size: 128 };
}

function parse4(text: string): bigint | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return null;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}
