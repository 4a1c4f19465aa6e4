import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Ajv2020 } from "ajv/2020";
import { encodeTraces } from "../otlp/mod.ts";
import { ADMIN } from "../serve/api.ts";
import { digestOf } from "../serve/token_file.ts";
import { openApi } from "../serve/openapi.ts";
import { databasePath } from "../store/journal_db.ts";
import { verifyJournal } from "../store/journal_verify.ts";
import { readManifest } from "../store/manifest.ts";
import { startCollector } from "../testing/collector.ts";
import { distinctSpans, take } from "../testing/collector_process.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { snapshotRemote } from "./store.ts";

const ajv = new Ajv2020({ strict: false });
ajv.addSchema(openApi("1.2.3"), "openapi.json");

/** What is wrong with an answer by the OpenAPI file. */
function wrong(path: string, status: number, body: string): unknown {
  const method = ADMIN.find((one) => one.path === path)!.method === "POST" ? "post" : "get";
  const at = encodeURIComponent(path.replaceAll("/", "~1"));
  const check = ajv.compile({
    $ref: `openapi.json#/paths/${at}/${method}/responses/${status}/content/application~1json/schema`,
  });
  return check(JSON.parse(body)) ? null : check.errors;
}

Deno.test("a snapshot over HTTP while spans come in: whole, at a commit, told to the audit; all answers as the OpenAPI file says", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-admin-" });
  const [dir, tokens, own] = [`${folder}/store`, `${folder}/tokens`, `${folder}/root.token`];
  try {
    const verbs = ["admin", "ingest", "read"];
    const root = { kid: "k-root", jti: "root", verbs, sha256: digestOf("root").toHex() };
    await Deno.writeTextFile(tokens, `${JSON.stringify(root)}\none\n`);
    await Deno.chmod(tokens, 0o600);
    await Deno.writeTextFile(own, "root\n");
    const store = { dir, retainMs: undefined, retainMb: 100 };
    const to = await startCollector({ tokenFile: tokens, listenGrpc: "off", store });
    const call = async (path: string, token: string | null, method = "POST") => {
      const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
      const answer = await fetch(to.http + path, { method, headers });
      const text = await answer.text();
      assertEquals(wrong(path.split("?")[0]!, answer.status, text), null, `${path}: ${answer.status} ${text}`);
      return { status: answer.status, body: JSON.parse(text) };
    };
    const made = distinctSpans();
    const headers = { authorization: "Bearer root" };
    const sent = async (n: number) => {
      for (let i = 0; i < n; i++) {
        const body = encodeTraces(take(made, 20), "protobuf");
        const type = { ...headers, "content-type": "application/x-protobuf" };
        const answer = await fetch(`${to.http}/v1/traces`, { method: "POST", headers: type, body });
        await answer.body?.cancel();
        assertEquals(answer.status, 200);
      }
    };
    await sent(5);
    const [answers] = await Promise.all([
      Promise.all([call("/v1/admin/snapshot", "root"), call("/v1/admin/snapshot", "root")]),
      sent(10),
    ]);
    const taken = answers.find(({ status }) => status === 200)!.body;
    assertEquals(answers.map(({ status }) => status).sort(), [200, 409]);
    assert(taken.last >= 100, `${taken.last}`);
    const io = fakeIo();
    await snapshotRemote({ url: to.http, bearerTokenFile: own }, true, io);
    const second = JSON.parse(io.stdout);
    assert(second.last >= 300, "what was acknowledged before it is in it");
    assertEquals(readManifest(dir).snapshots.map(({ file }) => file), [taken.file, second.file]);
    for (const { file, last, digest } of [taken, second]) {
      const verified = verifyJournal(`${dir}/${file}`);
      assertEquals([verified.problems, verified.last, verified.digest], [[], last, digest]);
    }
    const rows: [string, string | null, string, number][] = [
      ["/v1/admin/snapshot", null, "POST", 401],
      ["/v1/admin/snapshot", "one", "POST", 403],
      ["/v1/admin/snapshot", "root", "GET", 405],
      ["/v1/admin/tokens", "root", "GET", 200],
      ["/v1/admin/tokens", "root", "POST", 405],
      ["/v1/admin/trim?seq=0", "root", "POST", 400],
      ["/v1/admin/trim?seq=40", "root", "POST", 200],
    ];
    for (const [path, token, method, status] of rows) {
      const expected = method === "POST" && path.endsWith("tokens") || method === "GET" && path.endsWith("snapshot");
      // A method that the file does not know has no place in it.
      if (expected) {
        const answer = await fetch(to.http + path, { method, headers });
        assertEquals([answer.status, (await answer.json()).code], [status, 12]);
      } else assertEquals((await call(path, token, method)).status, status, `${method} ${path}`);
    }
    assertStringIncludes(to.io.stderr, "sloctl: audit: POST /v1/admin/snapshot: 200, key k-root");
    await Deno.remove(`${dir}/snapshots`, { recursive: true });
    await Deno.writeTextFile(`${dir}/snapshots`, "in the way");
    const failed = await call("/v1/admin/snapshot", "root");
    assertEquals(failed.status, 503);
    assertEquals(await to.end(), 0);
    assertEquals(verifyJournal(databasePath(dir)).problems, []);

    const inMemory = await startCollector({ tokenFile: tokens, listenGrpc: "off" });
    const refused = await fetch(`${inMemory.http}/v1/admin/snapshot`, { method: "POST", headers });
    assertEquals([refused.status, wrong("/v1/admin/snapshot", 501, await refused.text())], [501, null]);
    await inMemory.end();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
