/**
 * What part a peer plays, where no span says it. Bytes do not tell a provider from a retrieval service, and an address names nobody, so a
 * peer is the provider only for one of three reasons, and retrieval for one: the caller named it; it was looked up under the API name of
 * a well-known provider; its answers stream, as only a model's do among the things a service asks. Everything else is `other`.
 */
import type { Call } from "./calls.ts";
import { matchesPeer, type PeerAddress, type PeerPattern } from "./peer_pattern.ts";
import { isProviderName } from "./provider_names.ts";

export type PeerPart = "provider" | "retrieval" | "other";

export interface PeerRole extends PeerAddress {
  readonly part: PeerPart;
  /** For a person: why. */
  readonly why: string;
  readonly calls: number;
}

/** Peers whose part the caller knows. */
export interface NamedPeers {
  readonly provider: readonly PeerPattern[];
  readonly retrieval: readonly PeerPattern[];
}

export const NOBODY_NAMED: NamedPeers = { provider: [], retrieval: [] };

/** An answer streams when it comes in so many pieces, so small on average, with so long between them on average. */
const PIECES = 4;
const PIECE_BYTES = 1000;
const PAUSE_NS = 1e6;
/** A peer streams when so many of its answers do, and this share: refusals and errors are short. */
const STREAMED = 3;
const STREAMED_SHARE = 0.1;

/** Peers by `peerKey`, from all calls to them. */
export function peerRoles(
  calls: readonly Call[],
  nameOf: (call: Call) => string | undefined,
  named: NamedPeers,
): Map<string, PeerRole> {
  const peers = new Map<string, { address: PeerAddress; calls: Call[] }>();
  for (const call of calls) {
    const address = peerOf(call, nameOf);
    if (address === null) continue;
    const key = peerKey(address);
    const peer = peers.get(key);
    if (peer === undefined) peers.set(key, { address, calls: [call] });
    else peer.calls.push(call);
  }
  return new Map([...peers].map(([key, { address, calls }]) => [key, {
    ...address,
    ...role(address, calls, named),
    calls: calls.length,
  }]));
}

/** Whom a call went to; null where it never got as far as an address. */
export function peerOf(call: Call, nameOf: (call: Call) => string | undefined): PeerAddress | null {
  const tuple = call.turn?.tuple ?? call.connects[0]?.tuple;
  if (tuple === undefined) return null;
  const name = nameOf(call);
  return { ip: tuple.dstIp, port: tuple.dstPort, ...(name === undefined ? {} : { name }) };
}

/** A name may have many addresses: they are one peer. */
export function peerKey({ ip, port, name }: PeerAddress): string {
  return `${name ?? ip}:${port}`;
}

function role(peer: PeerAddress, calls: readonly Call[], named: NamedPeers): Pick<PeerRole, "part" | "why"> {
  for (const part of ["provider", "retrieval"] as const) {
    if (named[part].some((pattern) => matchesPeer(pattern, peer))) return { part, why: "named by the caller" };
  }
  if (peer.name !== undefined && isProviderName(peer.name)) {
    return { part: "provider", why: "name of a known provider" };
  }
  const answers = calls.filter(({ firstByteNs }) => firstByteNs !== null);
  const streamed = answers.filter(streams).length;
  if (streamed >= STREAMED && streamed >= STREAMED_SHARE * answers.length) {
    return { part: "provider", why: "its answers stream" };
  }
  return { part: "other", why: "nothing says what it is" };
}

function streams({ end, pauses }: Call): boolean {
  if (end === null) return pauses >= PIECES - 1; // its end was not told, its long pauses were
  if (end.responseStart === null || end.responseEnd === null) return false;
  const { chunks, bytesIn, responseStart, responseEnd } = end;
  if (chunks < PIECES || bytesIn > chunks * PIECE_BYTES) return false;
  return responseEnd.ns - responseStart.ns >= (chunks - 1) * PAUSE_NS;
}
