import type { NamedPeers } from "../lib/correlate/peers.ts";
import type { Flag, Input } from "./command.ts";

/** What the caller knows of the peers of a service that sends no spans. */
export const PEER_FLAGS: readonly Flag[] = [
  {
    name: "provider",
    type: "list",
    placeholder: "PEER",
    help: "without spans: this peer (name or address, with or without port) is the model's provider; may repeat",
  },
  {
    name: "retrieval",
    type: "list",
    placeholder: "PEER",
    help: "without spans: this peer is a retrieval service; may repeat",
  },
];

/** @throws UsageError for what is no peer. */
export async function namedPeers(input: Input): Promise<NamedPeers> {
  const { parsePeer } = await import("../lib/correlate/peer_pattern.ts");
  return { provider: input.list("provider").map(parsePeer), retrieval: input.list("retrieval").map(parsePeer) };
}
