import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { IoError, UsageError } from "../model/errors.ts";
import { clientTls } from "../net/client_tls.ts";
import { openPoster } from "../net/poster.ts";
import { encodeTraces } from "../otlp/mod.ts";
import { makeCertificates } from "../testing/certificates.ts";
import { startCollector } from "../testing/collector.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { madeRun } from "../testing/telemetry.ts";
import { missingTool, testUnless } from "../testing/unless.ts";
import { incidents } from "./ask/incidents.ts";

Deno.test("a client's certificate takes its key, and files that are there", () => {
  assertEquals(clientTls({}), {});
  assertThrows(() => clientTls({ certFile: "a.pem" }), UsageError, "it takes a certificate and its key");
  assertThrows(() => clientTls({ keyFile: "a.key" }), UsageError, "it takes a certificate and its key");
  assertThrows(() => clientTls({ certFile: "/nowhere", keyFile: "/nowhere" }), IoError, "it does not exist");
});

testUnless(
  await missingTool("openssl", "apt-get install openssl"),
  "a collector that asks for certificates is asked and sent to by our own clients, with one alone",
  async () => {
    using ours = await makeCertificates(["server", "client"]);
    using theirs = await makeCertificates(["stranger"]);
    const { cert: tlsCert, key: tlsKey } = ours.of("server");
    const to = await startCollector({ tlsCert, tlsKey, clientCa: ours.ca, listenGrpc: "off" });
    const shown = (pair: { readonly cert: string; readonly key: string }) => ({
      caFile: ours.ca,
      certFile: pair.cert,
      keyFile: pair.key,
    });
    const question = { url: to.http, store: undefined, since: undefined, service: undefined, state: undefined };
    const ask = (tls: object) => incidents({ ...question, limit: 9, json: false, ...tls }, fakeIo());
    assertEquals(await ask(shown(ours.of("client"))), 0);
    await assertRejects(() => ask({ caFile: ours.ca }), IoError);
    await assertRejects(() => ask(shown(theirs.of("stranger"))), IoError);
    const send = async (tls: object) => {
      const headers = { "content-type": "application/x-protobuf" };
      using poster = openPoster({ url: `${to.http}/v1/traces`, headers, timeoutMs: 5000, ...tls });
      const answer = await poster.post(encodeTraces(madeRun({ seconds: 1 }).spans, "protobuf"));
      return answer.kind === "answer" ? answer.status : "none";
    };
    assertEquals(await send(shown(ours.of("client"))), 200);
    assertEquals(await send({ caFile: ours.ca }), "none");
    await to.end();
  },
);
