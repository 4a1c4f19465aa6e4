/** The name behind an address, as far as a process showed it: it resolved exactly one name in the 2 s before it connected. */
import type { ConnectEvent, DnsEvent } from "../model/kernel_event.ts";
import type { Endpoint } from "./row.ts";

const BEFORE_NS = 2e9;
const MAX_RECENT = 32;
const MAX_PROCESSES = 4096;
const MAX_PEERS = 16384;

function bounded<V>(map: Map<string | number, V>, limit: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= limit) break;
    map.delete(oldest);
  }
}

export class PeerNames {
  readonly #recent = new Map<number | string, { readonly name: string; readonly tsNs: number }[]>();
  /** null: two connects to this address had different names, or one had none that was sure. */
  readonly #names = new Map<number | string, string | null>();

  resolved(event: DnsEvent): void {
    if (event.rcode !== 0) return;
    const { pid } = event.owner;
    const list = this.#recent.get(pid) ?? [];
    list.push({ name: event.queryName.replace(/\.$/, ""), tsNs: event.tsNs });
    if (list.length > MAX_RECENT) list.shift();
    this.#recent.set(pid, list);
    bounded(this.#recent, MAX_PROCESSES);
  }

  connected(event: ConnectEvent): void {
    const recent = (this.#recent.get(event.owner.pid) ?? []).filter((answer) =>
      answer.tsNs <= event.startNs && event.startNs - answer.tsNs <= BEFORE_NS
    );
    const names = new Set(recent.map((answer) => answer.name));
    if (names.size === 0) return; // a reused answer says nothing against an earlier name
    const name = names.size === 1 ? recent[0]?.name ?? null : null;
    const key = this.#key(event.owner.pid, { ip: event.tuple.dstIp, port: event.tuple.dstPort });
    const held = this.#names.get(key);
    this.#names.set(key, held === undefined || held === name ? name : null);
    bounded(this.#names, MAX_PEERS);
  }

  /** The name this process knows the address by; undefined where there is none or more than one. */
  name(pid: number, peer: Endpoint): string | undefined {
    return this.#names.get(this.#key(pid, peer)) ?? undefined;
  }

  #key(pid: number, peer: Endpoint): string {
    return `${pid}|${peer.ip}:${peer.port}`;
  }
}
