import { assertEquals, assertStringIncludes } from "@std/assert";
import { fakeIo } from "../lib/testing/fake_io.ts";
import { main } from "./main.ts";

const FILE =
  "apiVersion: toolkit.llm-slo.dev/v1alpha1\nkind: ToolkitConfig\nwebhook:\n  secret: hush\n  timeout_ms: 7\n";

async function run(words: string, stdin = FILE, env: Record<string, string> = {}) {
  const io = fakeIo({ stdin, env });
  return { code: await main(words.split(" "), io), out: io.stdout, err: io.stderr };
}

Deno.test("--print-config shows each value and where it came from", async () => {
  const env = { SLOCTL_WEBHOOK_FORMAT: "opsgenie" };
  const { code, out } = await run("agent --config - --print-config --webhook-timeout-ms 9", FILE, env);
  assertEquals(code, 0);
  const row = (name: string) => out.split("\n").find((line) => line.startsWith(name))!.split(/ {2,}/).slice(1);
  assertEquals(row("webhook.timeout_ms"), ["9", "--webhook-timeout-ms"]);
  assertEquals(row("webhook.format"), ["opsgenie", "environment SLOCTL_WEBHOOK_FORMAT"]);
  assertEquals(row("webhook.secret"), ["set, not shown", "file standard input:4:11"]);
  assertEquals(row("safety.max_overhead_pct"), ["3", "default"]);
  assertEquals(out.includes("hush"), false);
});

Deno.test("--print-config --json is one document", async () => {
  const { out } = await run("agent --config - --print-config --json");
  const document = JSON.parse(out);
  assertEquals(document["webhook.timeout_ms"], { value: 7, origin: "file", from: "standard input:5:15" });
  assertEquals(document["webhook.secret"].value, null);
  assertEquals(out.includes("hush"), false);
});

Deno.test("bad configuration ends with 2 and names its place; a file that is not there with 4", async () => {
  const bad = await run("agent --config - --for 1s", `${FILE}  tiemout: 1\n`);
  assertEquals(bad.code, 2);
  assertStringIncludes(bad.err, 'Cannot read "standard input": line 6, column 3: there is no key "webhook.tiemout"');
  assertEquals((await run("agent --config /nonexistent.yaml --print-config")).code, 4);
});
