/** The open connections of one port: so many at most, and those with nothing under way give way to new ones. */
import type { Socket } from "node:net";

interface Connection {
  readonly socket: Socket;
  /** Requests or calls under way. */
  busy: number;
}

/** As `peerOf` names it: an encrypted connection is another object than the socket it was accepted as. */
type Peer = string;

export class Connections {
  readonly #open = new Map<Peer, Connection>();
  /** Those with nothing under way, whether they have asked before or not; the one that waits longest comes first. */
  readonly #waiting = new Map<Peer, Connection>();

  constructor(readonly most: number) {}

  get open(): number {
    return this.#open.size;
  }

  /** A socket as it was accepted. Beyond the limit the one that has waited longest is cut: it may be this one, where all are busy. */
  add(socket: Socket): void {
    const peer = peerOf(socket);
    const connection: Connection = { socket, busy: 0 };
    this.#open.set(peer, connection);
    this.#waiting.set(peer, connection);
    socket.once("close", () => this.#forget(peer, connection));
    if (this.#open.size <= this.most) return;
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    this.#forget(...oldest);
    oldest[1].socket.destroy();
  }

  /** How many are under way there now; 0: it is no longer open. */
  begins(peer: Peer): number {
    const connection = this.#open.get(peer);
    if (connection === undefined) return 0;
    this.#waiting.delete(peer);
    return ++connection.busy;
  }

  /** Once for each `begins`. */
  ends(peer: Peer): void {
    const connection = this.#open.get(peer);
    if (connection !== undefined && --connection.busy === 0) this.#waiting.set(peer, connection);
  }

  cutAll(): void {
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  /** A port may be somebody else's by now. */
  #forget(peer: Peer, connection: Connection): void {
    if (this.#open.get(peer) !== connection) return;
    this.#open.delete(peer);
    this.#waiting.delete(peer);
  }
}

export function peerOf({ remoteAddress, remotePort }: Pick<Socket, "remoteAddress" | "remotePort">): Peer {
  return `${remoteAddress}:${remotePort}`;
}
