import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { loadConfig } from "../config/mod.ts";
import { IoError } from "../model/errors.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { redact, without } from "./support/redact.ts";
import { tar } from "./support/tar.ts";
import { writeBundle } from "./support_bundle.ts";

const NAMES = ["version.json", "prereq.json", "config.json", "host.json", "failures.jsonl"];

async function output(program: string, ...args: string[]): Promise<string> {
  return new TextDecoder().decode((await new Deno.Command(program, { args }).output()).stdout);
}

Deno.test("redact takes out what may be a secret, and nothing else", () => {
  const table: [string, string][] = [
    ["https://me:pa55@h/x", "https://xxx@h/x"],
    ["https://h/x?token=1&a=2 rest", "https://h/x?xxx rest"],
    ['{"secret": "abc", "n": 1}', '{"secret": "xxx", "n": 1}'],
    ["--webhook-secret abc --json", "--webhook-secret xxx --json"],
    ["Authorization: Bearer abc.def", "Authorization: xxx"],
    ["password=hunter2, next", "password=xxx, next"],
    ['Cannot read "/etc/x": line 3, column 4: what', 'Cannot read "/etc/x": line 3, column 4: what'],
    ["the word k0rrekt alone", "the word xxx alone"],
  ];
  for (const [text, expected] of table) assertEquals(without(["k0rrekt", ""], redact(text)), expected);
});

Deno.test("tar reads what we write", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const files = ["a", "b/c"].map((path, i) => ({ path, bytes: new Uint8Array(i * 700).fill(97) }));
    await Deno.writeFile(`${folder}/x.tar`, tar(files, 1_700_000_000));
    const listed = (await output("tar", "-tvf", `${folder}/x.tar`)).trim().split("\n");
    assertEquals(listed.map((line) => [line.split(/\s+/)[2], line.split(/\s+/).at(-1)]), [["0", "a"], ["700", "b/c"]]);
    assertEquals((await output("tar", "-xOf", `${folder}/x.tar`, "b/c")).length, 700);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the bundle holds what it says, without secrets, without the machine's name", async () => {
  const folder = await Deno.makeTempDir();
  const io = fakeIo();
  const env: Record<string, string> = {
    SLOCTL_WEBHOOK_SECRET: "s3cr3t-value",
    SLOCTL_OTLP_ENDPOINT: "http://u:p4ss@h:1",
  };
  try {
    const failures = `${folder}/failures.jsonl`;
    await Deno.writeTextFile(failures, '{"message":"Cannot send to https://u:p4ss@h/?k=1: s3cr3t-value"}\n');
    const out = `${folder}/b.tar.gz`;
    const config = () =>
      loadConfig({ path: undefined, stdin: io.stdin, env: (name) => env[name], flag: () => undefined });
    assertEquals(await writeBundle({ out, json: false, version: "1.0.0", config, failures }, io), 0);
    assertEquals((await output("tar", "-tzf", out)).trim().split("\n"), NAMES.map((name) => `sloctl-support/${name}`));
    const all = await output("tar", "-xzOf", out);
    for (const secret of ["s3cr3t-value", "p4ss", "k=1"]) assertEquals(all.includes(secret), false, secret);
    const host = await output("tar", "-xzOf", out, "sloctl-support/host.json");
    assertEquals(host.includes(JSON.stringify(Deno.hostname())), false);
    assertStringIncludes(all, "Cannot send to https://xxx@h/?xxx");
    assertStringIncludes(all, '"webhook.secret": {');
    for (const name of NAMES) assertStringIncludes(io.stdout, name);
    assertEquals((await Deno.stat(out)).mode! & 0o777, 0o600);
    assertEquals([...Deno.readDirSync(folder)].length, 2, "no half-written file");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a broken configuration is told inside; a place that cannot be written is an error", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const bad = `${folder}/toolkit.yaml`;
    await Deno.writeTextFile(bad, "kind: Nonsense\n");
    const io = fakeIo();
    const config = () => loadConfig({ path: bad, stdin: io.stdin, env: () => undefined, flag: () => undefined });
    const options = { json: true, version: "1.0.0", config, failures: null };
    await writeBundle({ ...options, out: `${folder}/b.tar.gz` }, io);
    assert((JSON.parse(io.stdout) as { files: unknown[] }).files.length === NAMES.length);
    assertStringIncludes(await output("tar", "-xzOf", `${folder}/b.tar.gz`), "is not a value of it");
    const nowhere = { ...options, out: `${folder}/no/such/place.tar.gz` };
    await assertRejects(() => writeBundle(nowhere, io), IoError, "Cannot write");
    await assertRejects(() => writeBundle({ ...options, out: folder }, io), IoError, "Cannot write");
    await assertRejects(() => writeBundle({ ...options, out: "/dev/full" }, io), IoError, "No space left");
    assertEquals((await Deno.stat("/dev/full")).isCharDevice, true);
    assertEquals([...Deno.readDirSync(folder)].length, 2, "no half-written file");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
