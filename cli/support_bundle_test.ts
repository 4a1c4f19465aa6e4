import { assert, assertEquals } from "@std/assert";
import { fakeIo } from "../lib/testing/fake_io.ts";
import { COMMANDS } from "./commands.ts";
import { keepFailure } from "./failures.ts";
import { main } from "./main.ts";

const SECRETS = {
  bare: "bare-t0ken-of-the-collector",
  bearer: "bearer-t0ken-of-a-person",
  webhook: "webh00k-signing-key",
  header: "0tlp-header-value",
  password: "pa55w0rd",
  query: "qu3ry-key",
  torn: "torn-t0ken",
  key: "cHJpdmF0ZS1rZXk",
};

Deno.test("support-bundle of a secured collector: no token, key, password or header is in it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-support-" });
  const write = async (name: string, text: string) => {
    await Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o600 });
    return `${folder}/${name}`;
  };
  try {
    const pem = (what: string, text: string) => `-----BEGIN ${what}-----\n${text}\n-----END ${what}-----\n`;
    const cert = await write("server.crt", pem("CERTIFICATE", "bm90IG9uZQ=="));
    const key = await write("server.key", pem("PRIVATE KEY", SECRETS.key));
    const tokens = await write("tokens", `${SECRETS.bare}\n`);
    const torn = await write("torn", `{"kid": "k1", "sha256": "${SECRETS.torn}\n`);
    const bearer = await write("bearer", `${SECRETS.bearer}\n`);
    const headers = await write("headers", `authorization=Bearer ${SECRETS.header}\n`);
    const config = await write(
      "toolkit.yaml",
      [
        "apiVersion: toolkit.llm-slo.dev/v1alpha1",
        "kind: ToolkitConfig",
        `webhook: { enabled: true, url: "https://u:${SECRETS.password}@hook.invalid/?key=${SECRETS.query}", secret: ${SECRETS.webhook} }`,
        `otlp: { endpoint: "http://u:${SECRETS.password}@127.0.0.1:9", headers_file: ${JSON.stringify(headers)} }`,
      ].join("\n"),
    );
    const env = { SLOCTL_STATE_DIR: folder, SLOCTL_BEARER_TOKEN_FILE: bearer };
    const run = async (...argv: string[]) => {
      const io = fakeIo({ env });
      // Whatever starts where it was to fail comes to an end, and is told apart by its exit code.
      const patience = setTimeout(() => io.abort(), 5_000);
      const code = await main(argv, io, COMMANDS, {
        restrict: () => {},
        failed: (failure) => keepFailure(failure, io.env, new Date()),
      });
      clearTimeout(patience);
      return { code, said: io.stdout + io.stderr };
    };
    // Failures that name the files, the URLs, the folder of the store.
    const listen = ["--listen", "127.0.0.1:0", "--listen-grpc", "off", "--token-file", tokens, "--config", config];
    const failures = [
      ["collector", ...listen, "--store", `${folder}/tokens/store`],
      ["collector", ...listen, "--tls-cert", cert, "--tls-key", `${key}/none`],
      ["collector", "--listen", "127.0.0.1:0", "--token-file", torn],
      ["collector", "--listen", "127.0.0.1:0", "--token-file", `${folder}/none?token=${SECRETS.query}`],
      ["incidents", "--url", `http://u:${SECRETS.password}@127.0.0.1:9`, "--bearer-token-file", bearer],
      ["top", "--once", "--url", `http://127.0.0.1:9`],
      ["store", "verify", "--store", `${folder}/none`],
    ];
    for (const argv of failures) assert((await run(...argv)).code > 0, argv.join(" "));
    const kept = (await Deno.readTextFile(`${folder}/failures.jsonl`)).trim().split("\n");
    assert(kept.length >= 3, kept.join("\n"));
    const out = `${folder}/case.tar.gz`;
    const { code, said } = await run("support-bundle", "--out", out, "--config", config);
    assertEquals(code, 0, said);
    const tar = await new Deno.Command("tar", { args: ["-xzOf", out] }).output();
    const all = new TextDecoder().decode(tar.stdout) + said;
    assert(all.includes('"webhook.secret"') && all.includes("Cannot "), "configuration and failures are in it");
    for (const [name, secret] of Object.entries(SECRETS)) {
      assert(
        !all.includes(secret),
        `${name} is in it: ${all.slice(all.indexOf(secret) - 200, all.indexOf(secret) + 40)}`,
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
