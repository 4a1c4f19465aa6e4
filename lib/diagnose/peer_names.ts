/** The name behind an address, as far as a process showed it: it resolved exactly one name in the 2 s before it connected. */
import { type ConnectEvent, type DnsEvent, processKey } from "../model/kernel_event.ts";
import type { Endpoint } from "./row.ts";

const BEFORE_NS = 2e9;
const MAX_RECENT = 32;
const MAX_PROCESSES = 4096;
const MAX_PEERS = 16384;

function bounded<V>(map: Map<string, V>, limit: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= limit) break;
    map.delete(oldest);
  }
}

export class PeerNames {
  readonly #recent = new Map<string, { readonly name: string; readonly tsNs: number }[]>();
  /** null: two connects to this address had different names, or one had none that was sure. */
  readonly #names = new Map<string, string | null>();

  resolved(event: DnsEvent): void {
    if (event.rcode !== 0) return;
    const process = processKey(event.owner);
    const list = this.#recent.get(process) ?? [];
    list.push({ name: event.queryName.replace(/\.$/, ""), tsNs: event.tsNs });
    if (list.length > MAX_RECENT) list.shift();
    this.#recent.set(process, list);
    bounded(this.#recent, MAX_PROCESSES);
  }

  connected(event: ConnectEvent): void {
    const recent = (this.#recent.get(processKey(event.owner)) ?? []).filter((answer) =>
      answer.tsNs <= event.startNs && event.startNs - answer.tsNs <= BEFORE_NS
    );
    const names = new Set(recent.map((answer) => answer.name));
    if (names.size === 0) return; // a reused answer says nothing against an earlier name
    const name = names.size === 1 ? recent[0]?.name ?? null : null;
    const key = this.#key(processKey(event.owner), { ip: event.tuple.dstIp, port: event.tuple.dstPort });
    const held = this.#names.get(key);
    this.#names.set(key, held === undefined || held === name ? name : null);
    bounded(this.#names, MAX_PEERS);
  }

  /** The name this process knows the address by; undefined where there is none or more than one. */
  name(process: string, peer: Endpoint): string | undefined {
    return this.#names.get(this.#key(process, peer)) ?? undefined;
  }

  #key(process: string, peer: Endpoint): string {
    return `${process}|${peer.ip}:${peer.port}`;
  }
}
