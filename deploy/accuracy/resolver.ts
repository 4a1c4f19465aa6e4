/** A name server whose lateness is known: not ours to measure with, only something to ask. */
import { createSocket } from "node:dgram";

/** All of 127.0.0.0/8 is this machine, and nobody else listens on port 53 of this one. */
export const RESOLVER = "127.53.53.7";

/** Answers every query with no records, `lateMs` after it came. */
export async function lateResolver(lateMs: number): Promise<AsyncDisposable> {
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => {
    const answer = Uint8Array.from(query);
    answer[2] = 0x84 | answer[2]! & 1;
    answer[3] = 0;
    if (lateMs === 0) socket.send(answer, port, address);
    else setTimeout(() => socket.send(answer, port, address), lateMs);
  });
  await new Promise<void>((done, failed) => {
    socket.once("error", failed);
    socket.bind(53, RESOLVER, done);
  });
  return { [Symbol.asyncDispose]: () => new Promise<void>((done) => socket.close(() => done())) };
}
