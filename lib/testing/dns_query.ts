/** For kernel tests: DNS queries made by hand, where a resolver library would not do such things. */
import { createSocket, type Socket } from "node:dgram";

/** A query with one question; `type` 1 is A. */
export function dnsQuery(id: number, name: string, type = 1): Uint8Array<ArrayBuffer> {
  const labels = name.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  return new Uint8Array([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, type >> 8, type & 255, 0, 1]);
}

/** A message as TCP carries it, behind its length. */
export function framed(message: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array([message.length >> 8, message.length & 255, ...message]);
}

/** The good answer without records. */
export function dnsAnswer(query: Uint8Array): Uint8Array<ArrayBuffer> {
  const answer = Uint8Array.from(query);
  answer[2] = 0x84;
  return answer;
}

/** A UDP socket that is gone when disposed of. */
export class Datagrams implements AsyncDisposable {
  private constructor(readonly socket: Socket) {}

  /** Bound to `host`; a client needs no port. */
  static async bound(host: string, port = 0): Promise<Datagrams> {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    await new Promise<void>((done, failed) => {
      socket.once("error", failed);
      socket.bind(port, host, done);
    });
    socket.on("error", () => {}); // what the network says later is the probe's business
    return new Datagrams(socket);
  }

  connect(host: string, port = 53): Promise<void> {
    return new Promise((done) => this.socket.connect(port, host, () => done()));
  }

  /** Without `host`: to where the socket is connected. */
  send(message: Uint8Array, host?: string, port = 53): Promise<void> {
    return new Promise((done) => {
      if (host === undefined) this.socket.send(message, () => done());
      else this.socket.send(message, port, host, () => done());
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((done) => this.socket.close(() => done()));
  }
}
