import { assertEquals } from "@std/assert";
import { serveNbd } from "./nbd_server.ts";
import { SECTOR, VolatileDisk } from "./volatile_disk.ts";

const filled = (sectors: number, value: number) => new Uint8Array(sectors * SECTOR).fill(value);
/** First byte of each sector. */
const sectors = (bytes: Uint8Array) => Array.from({ length: bytes.length / SECTOR }, (_, i) => bytes[i * SECTOR]);

Deno.test("a volatile disk: what was flushed stays, of the rest what reached the medium; at any moment", () => {
  const disk = new VolatileDisk(filled(4, 0));
  disk.write(0, filled(2, 1), false);
  disk.flush();
  disk.write(SECTOR, filled(2, 2), false);
  disk.write(3 * SECTOR, filled(1, 3), true);
  assertEquals(sectors(disk.read(0, disk.bytes)), [1, 2, 2, 3]);
  const rows: [number, (sector: number) => boolean, number[]][] = [
    [0, () => true, [0, 0, 0, 0]],
    [1, () => false, [0, 0, 0, 0]],
    [1, () => true, [1, 1, 0, 0]],
    [2, () => false, [1, 1, 0, 0]],
    [4, () => false, [1, 1, 0, 3]],
    [4, (sector) => sector === 2, [1, 1, 2, 3]],
    [4, () => true, [1, 2, 2, 3]],
  ];
  for (const [moment, kept, expected] of rows) assertEquals(sectors(disk.at(moment, kept)), expected);
  assertEquals([disk.moment, disk.flushes], [4, 1]);
  disk.cut(() => false);
  assertEquals([sectors(disk.read(0, disk.bytes)), disk.moment], [[1, 1, 0, 3], 0]);
});

Deno.test("a disk over NBD: reads, writes, flushes and refusals, in order", async () => {
  const dir = await Deno.makeTempDir({ prefix: "sloctl-nbd-" });
  const disk = new VolatileDisk(filled(4, 0));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const { path } = stack.use(serveNbd(disk, `${dir}/socket`));
  const client = await Deno.connect({ transport: "unix", path });
  stack.defer(() => client.close());
  const take = async (length: number) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) at += (await client.read(bytes.subarray(at)))!;
    return new DataView(bytes.buffer);
  };
  const send = (length: number, fill: (view: DataView) => void) => {
    const view = new DataView(new ArrayBuffer(length));
    fill(view);
    return client.write(new Uint8Array(view.buffer));
  };
  const option = (kind: number) =>
    send(16, (view) => {
      view.setBigUint64(0, 0x49484156454f5054n);
      view.setUint32(8, kind);
    });
  /** The error it answers. */
  const command = async (kind: number, at: number, length: number, data = new Uint8Array(), flags = 0) => {
    await send(28 + data.length, (view) => {
      view.setUint32(0, 0x25609513);
      view.setUint16(4, flags);
      view.setUint16(6, kind);
      view.setBigUint64(8, 77n);
      view.setBigUint64(16, BigInt(at));
      view.setUint32(24, length);
      new Uint8Array(view.buffer).set(data, 28);
    });
    const reply = await take(16);
    assertEquals([reply.getUint32(0), reply.getBigUint64(8)], [0x67446698, 77n]);
    return reply.getUint32(4);
  };
  const hello = await take(18);
  assertEquals([hello.getBigUint64(0), hello.getUint16(16)], [0x4e42444d41474943n, 3]);
  await send(4, (view) => view.setUint32(0, 3));
  await option(99);
  assertEquals((await take(20)).getUint32(12), 0x80000001);
  await option(1);
  const size = await take(10);
  assertEquals([Number(size.getBigUint64(0)), size.getUint16(8)], [4 * SECTOR, 13]);

  assertEquals(await command(1, SECTOR, SECTOR, filled(1, 7)), 0);
  assertEquals(await command(3, 0, 0), 0);
  assertEquals(await command(1, 2 * SECTOR, SECTOR, filled(1, 8), 1), 0);
  assertEquals(await command(0, SECTOR, 2 * SECTOR), 0);
  assertEquals(sectors(new Uint8Array((await take(2 * SECTOR)).buffer)), [7, 8]);
  assertEquals(await command(1, 4 * SECTOR, SECTOR, filled(1, 9)), 22);
  assertEquals(await command(42, 0, 0), 22);
  assertEquals([disk.moment, sectors(disk.at(disk.moment, () => false))], [3, [0, 7, 8, 0]]);
});
