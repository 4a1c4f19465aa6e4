/** A peer as a person names it on the command line. */
import { UsageError } from "../model/errors.ts";

export interface PeerPattern {
  /** A name, `*.` and the end of one, or an address; lower case. */
  readonly host: string;
  /** null: any. */
  readonly port: number | null;
}

export interface PeerAddress {
  readonly ip: string;
  readonly port: number;
  /** As it was looked up, where there was no doubt. */
  readonly name?: string;
}

/** `api.example.com`, `*.example.com:443`, `10.0.0.4`, `[2001:db8::1]:443`, `2001:db8::1`. @throws UsageError */
export function parsePeer(text: string): PeerPattern {
  const bare = text.split(":").length > 2 && !text.startsWith("[");
  const [, bracketed, host, port] = bare
    ? [null, text]
    : /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const name = bracketed ?? host;
  if (!name || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) {
    throw new UsageError(
      `Cannot read peer "${text}": it is no name or address, with or without a port`,
      "Write api.example.com, *.example.com:443 or 10.0.0.4:8000",
    );
  }
  return { host: name.toLowerCase(), port: port === undefined ? null : Number(port) };
}

export function matchesPeer({ host, port }: PeerPattern, peer: PeerAddress): boolean {
  if (port !== null && port !== peer.port) return false;
  if (host === peer.ip) return true;
  const name = peer.name?.toLowerCase();
  if (name === undefined) return false;
  return host.startsWith("*.") ? name.endsWith(host.slice(1)) : name === host;
}
