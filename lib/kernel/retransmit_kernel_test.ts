/** Whose a segment is that is sent again, where nobody could see the socket made; and a namespace that goes away meanwhile. */
import { assert, assertEquals } from "@std/assert";
import { kernelTest } from "../testing/kernel.ts";
import { Link } from "../testing/netns.ts";
import { delay, only, watched } from "../testing/watched.ts";

const SERVE =
  `const held = []; for await (const conn of Deno.listen({ hostname: "${Link.FAR}", port: 80 })) held.push(conn);`;
/** Says when it is connected; writes when it is told to. */
const CLIENT = `const conn = await Deno.connect({ hostname: "${Link.FAR}", port: 80 });
  console.log("connected");
  await Deno.stdin.read(new Uint8Array(1));
  await conn.write(new Uint8Array(100));
  await new Promise(() => setTimeout(() => {}, 60_000));`;

kernelTest(
  "a connection older than the probe belongs to the process that holds it, also when its namespace is gone",
  async () => {
    await using link = await Link.make();
    const server = link.far.command([Deno.execPath(), "eval", SERVE]).spawn();
    await link.far.listens(80);
    const client = link.near.command([Deno.execPath(), "eval", CLIENT], { stdin: "piped", stdout: "piped" }).spawn();
    try {
      const reader = client.stdout.getReader();
      await reader.read();
      const seen = await watched(async () => {
        await link.far.rules(
          "add table ip dead",
          "add chain ip dead in { type filter hook input priority 0; }",
          "add rule ip dead in tcp dport 80 drop",
        );
        const writer = client.stdin.getWriter();
        await writer.write(new Uint8Array(1));
        await delay(500);
        await link[Symbol.asyncDispose](); // the processes live on; what they send reaches nobody
        await delay(1500);
        writer.releaseLock();
      }, { probes: ["tcp_retransmit"], pids: [client.pid] });
      assertEquals(seen.lost, 0);
      const again = only(seen, "retransmit");
      assert(again.length >= 3, `${again.length}`);
      assert(
        again.every(({ owner, tuple }) => owner.pid === client.pid && tuple.dstIp === Link.FAR && tuple.dstPort === 80),
      );
      assertEquals(again[0]!.of, "tlp", "the first try is a probe for the lost tail");
      assert(again.slice(1).every(({ of }) => of === "data"));
      assert(
        again.every(({ segmentsSent }, i) => i === 0 || segmentsSent! > again[i - 1]!.segmentsSent!),
        "counted by the socket",
      );
      reader.releaseLock();
    } finally {
      for (const child of [server, client]) {
        child.kill("SIGKILL");
        await child.status;
      }
      await client.stdin.close().catch(() => {});
      await client.stdout.cancel().catch(() => {});
    }
  },
);
