/** Serves a disk to one emulated machine at a time, over a Unix socket, in the NBD protocol (its "fixed newstyle", no extensions). */
import type { VolatileDisk } from "./volatile_disk.ts";

const [OPT_EXPORT_NAME, OPT_ABORT, OPT_GO] = [1, 2, 7];
const [CMD_READ, CMD_WRITE, CMD_DISC, CMD_FLUSH] = [0, 1, 2, 3];
/** HAS_FLAGS, SEND_FLUSH, SEND_FUA: a disk with a cache that it can be told to empty. */
const TRANSMISSION_FLAGS = 1 | 4 | 8;
const FLAG_FUA = 1;
const [REP_ACK, REP_INFO, REP_UNSUPPORTED] = [1, 3, 0x80000001];
const EINVAL = 22;

export interface NbdServer extends AsyncDisposable {
  /** Of the socket. */
  readonly path: string;
}

/** Until disposed of. What the machine has written is in `disk` before it is told so. */
export function serveNbd(disk: VolatileDisk, path: string): NbdServer {
  const listener = Deno.listen({ transport: "unix", path });
  const served = (async () => {
    for await (const connection of listener) {
      // A machine that is killed leaves in the middle of anything.
      await serve(connection, disk).catch(() => {});
      connection.close();
    }
  })();
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await served.catch(() => {});
    },
  };
}

async function serve(connection: Deno.UnixConn, disk: VolatileDisk): Promise<void> {
  const wire = new Wire(connection);
  if (!await negotiate(wire, disk.bytes)) return;
  for (;;) {
    const head = await wire.take(28);
    const [flags, command, at, length] = [
      head.getUint16(4),
      head.getUint16(6),
      Number(head.getBigUint64(16)),
      head.getUint32(24),
    ];
    const handle = head.getBigUint64(8);
    const payload = command === CMD_WRITE ? await wire.bytes(length) : null;
    if (command === CMD_DISC) return;
    const within = at + length <= disk.bytes;
    if (command === CMD_WRITE && within) disk.write(at, payload!, (flags & FLAG_FUA) !== 0);
    if (command === CMD_FLUSH) disk.flush();
    const known = command === CMD_FLUSH || (within && (command === CMD_READ || command === CMD_WRITE));
    const reply = new DataView(new ArrayBuffer(16));
    reply.setUint32(0, 0x67446698);
    reply.setUint32(4, known ? 0 : EINVAL);
    reply.setBigUint64(8, handle);
    await wire.send(reply);
    if (command === CMD_READ && known) await wire.send(disk.read(at, length));
  }
}

/** Until the export is open; false when the client has left. */
async function negotiate(wire: Wire, bytes: number): Promise<boolean> {
  const hello = new DataView(new ArrayBuffer(18));
  hello.setBigUint64(0, 0x4e42444d41474943n); // NBDMAGIC
  hello.setBigUint64(8, 0x49484156454f5054n); // IHAVEOPT
  hello.setUint16(16, 3); // fixed newstyle, no padding
  await wire.send(hello);
  await wire.take(4);
  for (;;) {
    const option = await wire.take(16);
    const [kind, length] = [option.getUint32(8), option.getUint32(12)];
    await wire.bytes(length);
    const answer = (type: number, body = new Uint8Array()) => wire.send(optionReply(kind, type, body));
    if (kind === OPT_EXPORT_NAME) {
      const size = new DataView(new ArrayBuffer(10));
      size.setBigUint64(0, BigInt(bytes));
      size.setUint16(8, TRANSMISSION_FLAGS);
      await wire.send(size);
      return true;
    }
    if (kind === OPT_GO) {
      const info = new DataView(new ArrayBuffer(12));
      info.setBigUint64(2, BigInt(bytes));
      info.setUint16(10, TRANSMISSION_FLAGS);
      await answer(REP_INFO, new Uint8Array(info.buffer));
      await answer(REP_ACK);
      return true;
    }
    await answer(kind === OPT_ABORT ? REP_ACK : REP_UNSUPPORTED);
    if (kind === OPT_ABORT) return false;
  }
}

function optionReply(option: number, type: number, body: Uint8Array): Uint8Array {
  const reply = new Uint8Array(20 + body.length);
  const view = new DataView(reply.buffer);
  view.setBigUint64(0, 0x0003e889045565a9n);
  view.setUint32(8, option);
  view.setUint32(12, type);
  view.setUint32(16, body.length);
  reply.set(body, 20);
  return reply;
}

/** Exactly so many bytes, in and out. */
class Wire {
  constructor(private readonly connection: Deno.UnixConn) {}

  async bytes(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const n = await this.connection.read(bytes.subarray(at));
      if (n === null) throw new Deno.errors.UnexpectedEof();
      at += n;
    }
    return bytes;
  }

  async take(length: number): Promise<DataView> {
    return new DataView((await this.bytes(length)).buffer);
  }

  async send(data: Uint8Array | DataView): Promise<void> {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < bytes.length;) at += await this.connection.write(bytes.subarray(at));
  }
}
