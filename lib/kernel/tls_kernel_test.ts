/** TLS handshakes against curl's own figure, and failures. */
import { assert, assertEquals } from "@std/assert";
import { kernelTest } from "../testing/kernel.ts";
import { only, watched } from "../testing/watched.ts";

/** A server of this process (rustls) with a certificate made for it, and curl's figures for one request to it, in ms. */
class TlsLab implements AsyncDisposable {
  readonly #server: Deno.HttpServer;

  private constructor(readonly folder: string, server: Deno.HttpServer) {
    this.#server = server;
  }

  static async start(): Promise<TlsLab> {
    const folder = await Deno.makeTempDir({ prefix: "sloctl-tls-test-" });
    const subject = [
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
      "-addext",
      "basicConstraints=critical,CA:FALSE",
    ];
    const { success } = await new Deno.Command("openssl", {
      args: ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", ...subject]
        .concat(
          ["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`],
        ),
      stderr: "null",
    }).output();
    assert(success, "openssl made a certificate");
    const [key, cert] = [Deno.readTextFileSync(`${folder}/key.pem`), Deno.readTextFileSync(`${folder}/cert.pem`)];
    const answer = async () => {
      await new Promise((done) => setTimeout(done, ANSWER_MS)); // well after the session tickets
      return new Response("x".repeat(2000));
    };
    return new TlsLab(folder, Deno.serve({ hostname: "127.0.0.1", port: 0, key, cert, onListen: () => {} }, answer));
  }

  get port(): number {
    return (this.#server.addr as Deno.NetAddr).port;
  }

  async curl(
    ...extra: string[]
  ): Promise<{ code: number; appconnect: number; connect: number; pretransfer: number; start: number }> {
    const format = "%{time_connect} %{time_appconnect} %{time_pretransfer} %{time_starttransfer}";
    const { code, stdout } = await new Deno.Command("curl", {
      args: ["-s", "--http1.1", "-o", "/dev/null", "-w", format, ...extra, `https://127.0.0.1:${this.port}/`],
    }).output();
    const [connect = 0, appconnect = 0, pretransfer = 0, start = 0] = new TextDecoder().decode(stdout).split(" ").map((
      s,
    ) => Number(s) * 1000);
    return { code, connect, appconnect, pretransfer, start };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.folder, { recursive: true });
  }
}

const ANSWER_MS = 60;

kernelTest(
  "a TLS handshake is one event within curl's own bounds, and the first byte is not a session ticket",
  async () => {
    await using lab = await TlsLab.start();
    const versions = [["1.3"], ["1.2", "--tls-max", "1.2"]] as const;
    for (const [version, ...flags] of versions) {
      let told = { connect: 0, appconnect: 0, pretransfer: 0, start: 0 };
      const seen = await watched(async () => {
        told = await lab.curl("--cacert", `${lab.folder}/cert.pem`, ...flags);
      }, { comm: "curl" });
      const [handshake, ...others] = only(seen, "tls");
      assertEquals([handshake?.failed, handshake?.role, handshake?.version13, others.length], [
        false,
        "client",
        version === "1.3",
        0,
      ]);
      // curl's figure also holds the reading of its CA file and its own work after the last record.
      const ours = (handshake!.tsNs - handshake!.startNs) / 1e6;
      assert(
        ours > 0 && ours <= told.appconnect - told.connect + 0.5,
        `${version}: ours ${ours}, curl ${JSON.stringify(told)}`,
      );
      const [turn] = only(seen, "exchange", (event) => event.phase === "first");
      const first = (turn!.responseStart!.ns - turn!.requestEnd.ns) / 1e6;
      const curlFirst = told.start - told.pretransfer;
      assert(Math.abs(first - curlFirst) < 2, `${version}: first byte ${first} ms, curl says ${curlFirst} ms`);
    }
  },
);

kernelTest("a refused certificate is one failed handshake with its alert", async () => {
  await using lab = await TlsLab.start();
  let code = 0;
  const seen = await watched(async () => {
    ({ code } = await lab.curl("--cacert", "/dev/null"));
    await lab.curl("--cacert", `${lab.folder}/cert.pem`, "--tls-max", "1.1");
  }, { comm: "curl" });
  assert(code !== 0, "curl did not accept it");
  assertEquals(only(seen, "tls").filter((event) => event.failed).length >= 1, true);
  assertEquals(only(seen, "tls").filter((event) => !event.failed), []);
});
