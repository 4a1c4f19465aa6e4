/** Handshakes of every shape: versions, resumption, a second hello, a hello in pieces or late; and every way to fail. */
import { assert, assertEquals } from "@std/assert";
import { tryExec } from "../host/exec.ts";
import type { ExchangeEvent, TlsEvent } from "../model/kernel_event.ts";
import { makeCertificates } from "../testing/certificates.ts";
import { kernelTest } from "../testing/kernel.ts";
import { listening } from "../testing/listening.ts";
import { cannotRun, serving } from "../testing/serving.ts";
import { delay, only, type Seen, watched } from "../testing/watched.ts";

const WATCH = { probes: ["tls_handshake", "stream"] } as const;
const needs = () => noNode;
const noNode = await cannotRun("node", "--version", "apt-get install nodejs");
const missingOpenssl = await cannotRun("openssl", "version", "apt-get install openssl");
const SHAPES = new URL("../testing/tls/shapes.cjs", import.meta.url).pathname;

type Options = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
const serve = (options: Options) => serving(["node", SHAPES, "serve", JSON.stringify(options)]);
const get = async (options: Options) => await tryExec("node", SHAPES, "get", JSON.stringify(options)) !== null;

const of = (seen: Seen, port: number, role: TlsEvent["role"]) =>
  only(seen, "tls", (event) => event.role === role && [event.tuple.srcPort, event.tuple.dstPort].includes(port));
const outcome = ({ failed, failedBy, alert, version13 }: TlsEvent) =>
  `${version13 ? "1.3" : "1.2"} ${failed ? `failed, ${failedBy}, ${alert}` : "done"}`;
const firstMs = ({ requestEnd, responseStart }: ExchangeEvent) => (responseStart!.ns - requestEnd.ns) / 1e6;

kernelTest(
  "versions, resumption, a second hello, a hello in pieces, a late one: one event each, and the right first byte",
  async () => {
    using files = await makeCertificates(["server"]);
    const { cert, key } = files.of("server");
    await using usual = await serve({ cert, key });
    await using p384 = await serve({ cert, key, ecdhCurve: "P-384" });
    await using late = await serve({ cert, key, starttls: true });
    await using http2 = await serve({ cert, key, http2: true });
    const long = Array.from({ length: 12 }, (_, i) => `protocol-${i}-${"x".repeat(200)}`);
    const rows: [what: string, port: number, options: Options, expected: string[], shared?: boolean][] = [
      ["1.3", usual.port, {}, ["1.3 done"]],
      ["1.2", usual.port, { maxVersion: "TLSv1.2" }, ["1.2 done"]],
      ["1.3, resumed", usual.port, { times: 3 }, ["1.3 done", "1.3 done", "1.3 done"]],
      ["1.2, resumed", usual.port, { maxVersion: "TLSv1.2", times: 3 }, ["1.2 done", "1.2 done", "1.2 done"]],
      ["a second hello", p384.port, { ecdhCurve: "X25519:P-384" }, ["1.3 done"]],
      ["in pieces", usual.port, { split: 100 }, ["1.3 done"]],
      ["1.2 in pieces", usual.port, { split: 70, maxVersion: "TLSv1.2" }, ["1.2 done"]],
      ["of 3 KB, in packets", usual.port, { alpn: long, split: 1400 }, ["1.3 done"]],
      ["late", late.port, { starttls: true }, ["1.3 done"]],
      ["HTTP/2 alone", http2.port, { alpn: ["h2"], http2: true }, ["1.3 done"], true],
      [
        "HTTP/2, offered in pieces",
        http2.port,
        { alpn: ["h2", "http/1.1"], http2: true, split: 50 },
        ["1.3 done"],
        true,
      ],
    ];
    for (const [what, port, options, expected, shared = false] of rows) {
      let answered = false;
      const seen = await watched(async () => {
        answered = await get({ port, ca: files.ca, ...options });
      }, WATCH);
      assert(answered, what);
      for (const role of ["client", "server"] as const) {
        assertEquals([seen.lost, of(seen, port, role).map(outcome)], [0, expected], `${what}, ${role}`);
        const turns = only(
          seen,
          "exchange",
          (event) =>
            event.phase === "first" && event.role === role && [event.tuple.srcPort, event.tuple.dstPort].includes(port),
        );
        assertEquals(
          turns.map((turn) => turn.shared),
          expected.map(() => shared).concat(options.starttls ? [false] : []),
          what,
        );
        for (const turn of shared ? [] : turns.slice(options.starttls ? 1 : 0)) {
          assert(firstMs(turn) > 35, `${what}, ${role}: first byte after ${firstMs(turn)} ms`);
        }
      }
    }
  },
  { needs },
);

kernelTest("a client's certificate: one that is good, one that is missing, in both versions", async () => {
  using files = await makeCertificates(["server", "client"]);
  await using server = await serve({ ...files.of("server"), ca: files.ca });
  const rows: [string, Options, boolean, client: string[], server: string[]][] = [
    ["good, 1.3", files.of("client"), true, ["1.3 done"], ["1.3 done"]],
    ["good, 1.2", { ...files.of("client"), maxVersion: "TLSv1.2" }, true, ["1.2 done"], ["1.2 done"]],
    // The client is done before its server has looked: done for it, and refused later.
    ["missing, 1.3", {}, false, ["1.3 done", "1.3 failed, peer, encrypted"], ["1.3 failed, here, encrypted"]],
    ["missing, 1.2", { maxVersion: "TLSv1.2" }, false, ["1.2 failed, peer, 40"], ["1.2 failed, here, 40"]],
  ];
  for (const [what, options, good, client, served] of rows) {
    let answered = false;
    const seen = await watched(async () => {
      answered = await get({ port: server.port, ca: files.ca, ...options });
    }, { ...WATCH, comm: "node" });
    assertEquals(answered, good, what);
    assertEquals(of(seen, server.port, "client").map(outcome), client, `${what}, client`);
    assertEquals(of(seen, server.port, "server").map(outcome), served, `${what}, server`);
  }
}, { needs });

/** The first bytes a TLS client sends, caught by a listener that says nothing. */
async function clientHello(): Promise<Uint8Array<ArrayBuffer>> {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const child = new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${listener.addr.port}`],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  using conn = await listener.accept();
  const bytes = new Uint8Array(4096);
  const length = await conn.read(bytes);
  child.kill("SIGKILL");
  await child.status;
  await child.stdin.close().catch(() => {});
  return bytes.slice(0, length ?? 0);
}

kernelTest("who closes in the middle, who resets, who waits in vain, who refuses", async () => {
  using files = await makeCertificates(["server"]);
  await using server = await serve(files.of("server"));
  const hello = await clientHello();
  using silent = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  using rude = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const held: Deno.TcpConn[] = [];
  (async () => {
    for await (const conn of silent) held.push(conn);
  })();
  (async () => {
    for await (const conn of rude) {
      await conn.read(new Uint8Array(4096));
      conn.close();
    }
  })();
  const curl = (port: number, ...flags: string[]) =>
    tryExec("curl", "-s", "--http1.1", "-k", ...flags, `https://127.0.0.1:${port}/`);
  const rows: [string, number, () => Promise<unknown>, client: string[], server: string[]][] = [
    [
      "the client closes",
      server.port,
      async () => {
        const conn = await Deno.connect({ port: server.port, hostname: "127.0.0.1" });
        await conn.write(hello.slice(0, 60)); // so that there is nothing to answer
        await delay(30);
        conn.close();
      },
      ["1.2 failed, here, null"],
      ["1.2 failed, peer, null"],
    ],
    ["the client gives up after 300 ms", silent.addr.port, () => curl(silent.addr.port, "-m", "0.3"), [
      "1.2 failed, here, null",
    ], ["1.2 failed, peer, null"]],
    ["the server closes", rude.addr.port, () => curl(rude.addr.port), ["1.2 failed, peer, null"], [
      "1.2 failed, here, null",
    ]],
    [
      "the server knows no such version",
      server.port,
      () => curl(server.port, "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"),
      ["1.2 failed, peer, 70"],
      [
        "1.2 failed, here, 70",
      ],
    ],
    [
      "no hello, though it begins like one",
      server.port,
      async () => {
        using conn = await Deno.connect({ port: server.port, hostname: "127.0.0.1" });
        await conn.write(new Uint8Array([22, 3, 1, 0, 100, 7, ...Array(99).fill(1)]));
        await delay(30);
      },
      [],
      [],
    ],
  ];
  for (const [what, port, act, client, served] of rows) {
    const seen = await watched(async () => {
      await act();
      await delay(20);
      held.splice(0).forEach((conn) => conn.close());
    }, WATCH);
    assertEquals(of(seen, port, "client").map(outcome), client, `${what}, client`);
    assertEquals(of(seen, port, "server").map(outcome), served, `${what}, server`);
    const [event] = of(seen, port, "client");
    if (what.includes("300 ms")) assert(event!.tsNs - event!.startNs > 250e6, "it is told how long it waited");
    for (const { owner } of [...of(seen, port, "client"), ...of(seen, port, "server")]) assert(owner.pid > 0, what);
  }
}, { needs });

kernelTest(
  "who connects, asks nothing and leaves was not refused, though the server's goodbye is its first record",
  async () => {
    using files = await makeCertificates(["server"]);
    await using server = await serve(files.of("server"));
    const session = `${files.ca}.session`;
    const seen = await watched(async () => {
      // The first stays until it has the session that the others begin with: with those the server has no more to say.
      for (const [stays, how] of [[0.5, "-sess_out"], [0, "-sess_in"], [0, "-sess_in"]] as const) {
        const client = `openssl s_client -connect 127.0.0.1:${server.port} ${how} ${session}`;
        await tryExec("sh", "-c", `sleep ${stays} | ${client}`);
      }
      await delay(50);
    }, WATCH);
    for (const role of ["client", "server"] as const) {
      assertEquals(of(seen, server.port, role).map(outcome), ["1.3 done", "1.3 done", "1.3 done"], role);
    }
  },
  { needs: () => noNode ?? missingOpenssl },
);

kernelTest("early data is a request, and its answer is not the handshake", async () => {
  using files = await makeCertificates(["server"]);
  const { cert, key } = files.of("server");
  const probe = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = probe.addr;
  probe.close();
  const session = `${files.ca}.session`;
  const early = `${files.ca}.early`;
  await Deno.writeTextFile(early, "GET / HTTP/1.0\r\n\r\n");
  const openssl = (...args: string[]) =>
    new Deno.Command("openssl", { args, stdin: "piped", stdout: "null", stderr: "null" }).spawn();
  const say = async ({ stdin }: Deno.ChildProcess, text: string) => {
    const writer = stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    writer.releaseLock();
  };
  const seen = await watched(async () => {
    const server = openssl("s_server", "-accept", `127.0.0.1:${port}`, "-cert", cert, "-key", key, "-early_data");
    await listening(port);
    for (const flags of [["-sess_out", session], ["-sess_in", session, "-early_data", early]]) {
      const client = openssl("s_client", "-connect", `127.0.0.1:${port}`, ...flags);
      await delay(250);
      await say(server, "HTTP/1.0 200 OK\n");
      await delay(50);
      await client.stdin.close();
      await client.status;
    }
    server.kill("SIGKILL");
    await server.stdin.close().catch(() => {});
    await server.status;
  }, { ...WATCH, comm: "openssl" });
  for (const role of ["client", "server"] as const) {
    assertEquals(of(seen, port, role).map(outcome), ["1.3 done", "1.3 done"], role);
    const turns = only(seen, "exchange", (event) => event.phase === "first" && event.role === role);
    const [turn, ...others] = turns.filter(({ tuple }) => [tuple.srcPort, tuple.dstPort].includes(port));
    assertEquals(others.length, 0, "the first connection asked nothing");
    assert(firstMs(turn!) > 150, `${role}: ${firstMs(turn!)} ms`);
  }
}, { needs: () => missingOpenssl });
