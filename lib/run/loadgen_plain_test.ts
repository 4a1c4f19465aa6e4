/** `sloctl loadgen` on servers that are no model: what HTTP alone asks of a client. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { IoError, UsageError } from "../model/errors.ts";
import { makeCertificates } from "../testing/certificates.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { LOADGEN } from "../testing/loadgen_options.ts";
import { loadgen, type LoadgenOptions } from "./loadgen.ts";

type Answer = Parameters<typeof createServer>[1];

async function serving(server: ReturnType<typeof createServer>): Promise<AsyncDisposable & { readonly port: number }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// deno-lint-ignore no-explicit-any -- the document as a reader has it
async function report(options: Partial<LoadgenOptions>): Promise<any> {
  const io = fakeIo();
  await loadgen({ ...LOADGEN, api: "plain", path: "/", ...options }, io).catch((error) => {
    if (!(error instanceof IoError && error.message.includes("no request ended well"))) throw error;
  });
  return JSON.parse(io.stdout);
}

Deno.test("loadgen: the answer to a HEAD has no body, whatever its head says of one, and the connection lives on", async () => {
  const verbs: string[] = [];
  const answer: Answer = (request, response) => {
    verbs.push(request.method!);
    response.writeHead(200, { "content-length": "5" });
    response.end(request.method === "HEAD" ? undefined : "hello");
  };
  await using server = await serving(createServer(answer));
  const target = `http://127.0.0.1:${server.port}`;
  const told = await report({ target, method: "head", connections: 1, timeoutMs: 2000 });
  assertEquals([told.outcomes.ok, told.most.connections, verbs], [4, 1, Array(4).fill("HEAD")], JSON.stringify(told));
  assertEquals((await report({ target, method: "GET" })).outcomes.ok, 4);
  await assertRejects(() => report({ target, method: "GET /x HTTP/1.1" }), UsageError, "no verb of HTTP");
});

Deno.test("loadgen: a server that asks who we are gets our certificate, and without one its refusal is told", async () => {
  using ours = await makeCertificates(["server", "client"]);
  const text = (path: string) => Deno.readTextFileSync(path);
  const [server, client] = [ours.of("server"), ours.of("client")];
  await using asking = await serving(
    createTlsServer(
      {
        cert: text(server.cert),
        key: text(server.key),
        ca: text(ours.ca),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (_, response) => response.end("hello"),
    ),
  );
  const to = { target: `https://127.0.0.1:${asking.port}`, ca: ours.ca, connections: undefined };
  const known = await report({ ...to, certFile: client.cert, keyFile: client.key });
  assertEquals(known.outcomes.ok, 4, JSON.stringify(known.errors));
  const unknown = await report(to);
  assertEquals(unknown.outcomes.ok, 0);
  assert(/^tls_|^reset$|^closed_before_response$/.test(unknown.errors[0].error_type), JSON.stringify(unknown.errors));
  await assertRejects(() => report({ ...to, certFile: client.cert }), UsageError, "takes a certificate and its key");
  await assertRejects(() => report({ ...to, certFile: "/none", keyFile: client.key }), IoError, "does not exist");
  const foreign = { certFile: client.cert, keyFile: server.key };
  await assertRejects(() => report({ ...to, ...foreign }), UsageError, "it is not the key of");
  const locked = `${client.key}.locked`;
  await Deno.writeTextFile(locked, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n");
  await assertRejects(() => report({ ...to, certFile: client.cert, keyFile: locked }), UsageError, "it is encrypted");
  const swapped = { certFile: client.key, keyFile: client.cert };
  await assertRejects(() => report({ ...to, ...swapped }), UsageError, "there is no CERTIFICATE in it");
  await assertRejects(() => report({ ...to, ca: client.key }), UsageError, "there is no CERTIFICATE in it");
});
