/** A probe that is taken off its hooks while others run, and put back. */
import { assert, assertEquals } from "@std/assert";
import { encodeConfig, USUAL } from "../decode/config.ts";
import { decodeRecord } from "../decode/record.ts";
import { exec } from "../host/exec.ts";
import { makeTls } from "../lab/tls_material.ts";
import { kernelTest } from "../testing/kernel.ts";
import { ownCurl } from "../testing/own_curl.ts";
import { delay } from "../testing/watched.ts";
import { ProbeSession } from "./session.ts";

const ANSWER_MS = 60;

kernelTest(
  "TLS shed: its handshakes are requests to stream; put back it runs before stream again, and they are not",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "sloctl-shed-" });
    try {
      const tls = await makeTls(`${folder}/tls`, "shed.test", "127.0.0.1");
      const [cert, key] = [Deno.readTextFileSync(tls.certFile), Deno.readTextFileSync(tls.keyFile)];
      await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, cert, key, onListen() {} }, async () => {
        await delay(ANSWER_MS);
        return new Response("ok");
      });
      await using curl = await ownCurl();
      const config = { ...USUAL, comm: curl.comm, byPid: false, byCgroup: false };
      using session = new ProbeSession({
        probes: ["tls_handshake", "stream"],
        config: (haveRead) => encodeConfig({ ...config, haveRead }),
      });
      /** Handshakes told of one request, and the times to the first bytes of what was taken for answers. */
      const request = async () => {
        await exec(curl.path, "-sk", "--http1.1", `https://127.0.0.1:${server.addr.port}/`);
        await delay(50);
        let handshakes = 0;
        const firsts: number[] = [];
        session.drain((view, at, length) => {
          const event = decodeRecord(view, at, length);
          assert(typeof event === "object");
          if (event.kind === "tls") handshakes++;
          if (event.kind !== "exchange" || event.phase !== "first") return;
          firsts.push((event.responseStart!.ns - event.requestEnd.ns) / 1e6);
        });
        return { handshakes, firsts };
      };
      for (let round = 0; round < 2; round++) {
        const whole = await request();
        assertEquals([whole.handshakes, whole.firsts.length], [1, 1], JSON.stringify(whole));
        assert(whole.firsts[0]! >= ANSWER_MS, JSON.stringify(whole));
        session.shed("tls_handshake", () => {});
        const shed = await request();
        assert(shed.handshakes === 0 && shed.firsts.length > 1, JSON.stringify(shed));
        session.restore("tls_handshake");
      }
      session.shed("stream", () => {});
      assertEquals(await request(), { handshakes: 1, firsts: [] });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
