import { assertEquals, assertStringIncludes } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import { environmentName, FIELDS } from "./fields.ts";
import { readConfigText } from "./file.ts";
import { configJson, configTable, loadConfig } from "./mod.ts";

const HEAD = "apiVersion: toolkit.llm-slo.dev/v1alpha1\nkind: ToolkitConfig\n";

/** A configuration from YAML below the header, variables and flags. */
function load(yaml: string, env: Record<string, string> = {}, flags: Record<string, string | number | boolean> = {}) {
  return loadConfig({
    path: yaml === "" ? undefined : "-",
    stdin: ReadableStream.from([new TextEncoder().encode(HEAD + yaml)]),
    env: (name) => env[name],
    flag: (name) => flags[name],
  });
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof UsageError) return `${error.message} | ${error.hint}`;
    throw error;
  }
  throw new Error("nothing was refused");
}

Deno.test("defaults are those of the contract", async () => {
  const { config, settings } = await load("");
  assertEquals(config, {
    signal_set: [],
    sampling: { events_per_second_limit: 10000, burst_limit: 20000 },
    correlation: { window_ms: 2000 },
    otlp: {
      endpoint: "",
      timeout_ms: 10_000,
      headers: "",
      compression: "none",
      ca_file: "",
      client_cert_file: "",
      client_key_file: "",
    },
    spool: { directory: "", max_mb: 256 },
    safety: { max_overhead_pct: 3 },
    webhook: { enabled: false, url: "", secret: "", format: "generic", timeout_ms: 5000 },
    tls: { cert: "", key: "", client_ca: "" },
    cap: { token_file: "", region: "" },
    watch: { max_clients: 256, max_behind: 10_000, stall_ms: 10_000, heartbeat_ms: 15_000 },
    cdgate: {
      enabled: false,
      prometheus_url: "",
      ttft_p95_ms: 800,
      error_rate: 0.05,
      burn_rate: 2,
      fail_open: false,
    },
  });
  assertEquals(new Set(settings.map(({ origin }) => origin)), new Set(["default"]));
  assertEquals((await load("", { SLOCTL_PROFILE: "development" })).config.safety.max_overhead_pct, 5);
});

Deno.test("flag before environment before file before default", async () => {
  const yaml = "webhook:\n  timeout_ms: 100\n  format: pagerduty\n  url: http://a.example\n";
  const env = { SLOCTL_WEBHOOK_TIMEOUT_MS: "200", SLOCTL_WEBHOOK_FORMAT: "opsgenie", SLOCTL_OTLP_ENDPOINT: "" };
  const { settings } = await load(yaml, env, { "webhook-timeout-ms": 300 });
  const of = (path: string) => {
    const { value, origin, from } = settings.find(({ field }) => field.path === path)!;
    return [value, origin, from];
  };
  assertEquals(of("webhook.timeout_ms"), [300, "flag", "--webhook-timeout-ms"]);
  assertEquals(of("webhook.format"), ["opsgenie", "environment", "SLOCTL_WEBHOOK_FORMAT"]);
  assertEquals(of("webhook.url"), ["http://a.example", "file", "standard input:6:8"]);
  assertEquals(of("otlp.endpoint"), ["", "default", ""]);
});

Deno.test("every field takes a value from the file and from the environment", async () => {
  const sample = { string: "x", integer: 700, number: 0.5, boolean: true, list: ["dns_latency_ms"] };
  for (const { path, type, url, values, secret } of FIELDS) {
    if (path === "sampling.events_per_second_limit" || path === "sampling.burst_limit" || path.endsWith(".enabled")) {
      continue; // judged together with another setting
    }
    const value = type === "list" ? sample.list : url ? "http://h:1/" : values?.[1] ?? sample[type];
    const [group, key] = path.split(".");
    const yaml = `${key === undefined ? group : `${group}:\n  ${key}`}: ${JSON.stringify(value)}\n`;
    const found = (loaded: Awaited<ReturnType<typeof load>>) =>
      loaded.settings.find(({ field }) => field.path === path)!.value;
    assertEquals(found(await load(yaml)), value, path);
    assertEquals(found(await load("", { [environmentName(path)]: String(value) })), value, path);
    assertEquals(secret === true, ["webhook.secret", "otlp.headers"].includes(path));
  }
});

Deno.test("what is wrong in the file is named with line and column", async () => {
  const at = 'Cannot read "standard input": ';
  const table: [string, string][] = [
    ["webhok: {}\n", `${at}line 3, column 1: there is no key "webhok" | Write "webhook" if that is what you meant`],
    [
      "webhook:\n  tiemout_ms: 5\n",
      `${at}line 4, column 3: there is no key "webhook.tiemout_ms" | Write "timeout_ms" if that is`,
    ],
    [
      "sampling:\n  burst_limit: many\n",
      `${at}line 4, column 16: sampling.burst_limit: "many" is not a whole number | Give a`,
    ],
    ["correlation:\n  window_ms: 1.5\n", `${at}line 4, column 14: correlation.window_ms: 1.5 is not a whole number`],
    [
      "correlation:\n  window_ms: -1\n",
      `${at}line 4, column 14: correlation.window_ms: -1 is out of range | Give a number of at`,
    ],
    ["safety: 3\n", `${at}line 3, column 9: safety is not a mapping | Write its keys below it`],
    [
      "webhook: {format: pager}\n",
      `${at}line 3, column 19: webhook.format: "pager" is not a value of it | Use "pagerduty"? Use one of`,
    ],
    ["otlp:\n  endpoint: localhost:4317\n", `${at}line 4, column 13: otlp.endpoint: "localhost:4317" is not a URL`],
    [
      "signal_set: [dns_latency]\n",
      `${at}line 3, column 13: signal_set: "dns_latency" is not a value of it | Use "dns_latency_ms`,
    ],
    ["webhook:\n  secret: 12345\n", `${at}line 4, column 11: webhook.secret: the value is not text`],
    ["webhook: {enabled: yes}\n", `${at}line 3, column 20: webhook.enabled: "yes" is not true or false`],
    ["webhook:\n  url:\n", `${at}line 4, column 7: webhook.url: nothing is not text`],
    ["kind: ToolkitConfig\n", `${at}line 3, column 1: Map keys must be unique | Correct the YAML there`],
    ["otlp: [\n", `${at}line 4, column 1: Flow sequence in block collection must be`],
  ];
  for (const [yaml, message] of table) assertStringIncludes(await refusal(load(yaml)), message);
});

Deno.test("a file that is something else is refused", () => {
  const table: [string, string][] = [
    ["", '"t.yaml": it is empty'],
    ["- a\n", '"t.yaml": it is not a mapping'],
    ["kind: ToolkitConfig\n", '"t.yaml": apiVersion is missing'],
    ["apiVersion: v2\n", 't.yaml": line 1, column 13: apiVersion: "v2" is not a value of it'],
    [
      HEAD.replace("v1alpha1", "v9"),
      't.yaml": line 1, column 13: apiVersion: "toolkit.llm-slo.dev/v9" is not a value of it',
    ],
    ["\0\x01\x02", "t.yaml"],
  ];
  for (const [text, message] of table) {
    let said = "";
    try {
      readConfigText(text, "t.yaml");
    } catch (error) {
      said = error instanceof UsageError ? error.message : String(error);
    }
    assertStringIncludes(said, message);
  }
  assertEquals(readConfigText(`${HEAD}webhook:\n`, "t.yaml").size, 2);
});

Deno.test("bad values of flags and variables, and settings that need each other", async () => {
  const table: [Record<string, string>, Record<string, string | number | boolean>, string][] = [
    [{ SLOCTL_WEBHOOK_TIMEOUT_MS: "soon" }, {}, 'Cannot use "SLOCTL_WEBHOOK_TIMEOUT_MS": "soon" is not a whole number'],
    [
      { SLOCTL_CDGATE_ERROR_RATE: "2" },
      {},
      'Cannot use "SLOCTL_CDGATE_ERROR_RATE": 2 is out of range | Give a number of',
    ],
    [{}, { "webhook-timeout-ms": 0 }, 'Cannot use "--webhook-timeout-ms": 0 is out of range'],
    [{}, { "otlp-endpoint": "x" }, 'Cannot use "--otlp-endpoint": "x" is not a URL'],
    [{ SLOCTL_WEBHOOK_ENABLED: "true" }, {}, 'Cannot use "webhook.enabled": webhook.url is not set'],
    [{ SLOCTL_CDGATE_ENABLED: "true" }, {}, 'Cannot use "cdgate.enabled": cdgate.prometheus_url is not set'],
    [{ SLOCTL_SAMPLING_BURST_LIMIT: "5" }, {}, 'Cannot use "sampling.burst_limit 5": it is below'],
    [{ SLOCTL_WEBHOOK_SECRET_FILE: "/nonexistent" }, {}, 'Cannot use "SLOCTL_WEBHOOK_SECRET_FILE": "/nonexistent"'],
  ];
  for (const [env, flags, message] of table) assertStringIncludes(await refusal(load("", env, flags)), message);
});

Deno.test("a secret may come from a file, and is never printed", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "hunter2\n");
    const ways = [
      await load(`webhook: {secret_file: ${JSON.stringify(path)}}\n`),
      await load("", { SLOCTL_WEBHOOK_SECRET_FILE: path }),
      await load("webhook: {secret: hunter2}\n"),
      await load("", {}, { "webhook-secret": "hunter2" }),
    ];
    for (const { config, settings } of ways) {
      assertEquals(config.webhook.secret, "hunter2");
      const shown = configTable(settings, { color: false, width: 100 }) + JSON.stringify(configJson(settings));
      assertEquals(shown.includes("hunter2"), false);
      assertStringIncludes(shown, "set, not shown");
    }
    const both = load(`webhook: {secret: a, secret_file: ${path}}\n`);
    assertStringIncludes(await refusal(both), "webhook.secret is there as well");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a password inside a URL is not printed", async () => {
  const { settings } = await load("", { SLOCTL_OTLP_ENDPOINT: "https://me:pa55@h.example/x?token=t0k" });
  const shown = configTable(settings, { color: false, width: 200 });
  assertEquals(/pa55|t0k/.test(shown), false, shown);
  assertStringIncludes(shown, "https://xxx:xxx@h.example/x?xxx");
  const hook = await load("", { SLOCTL_WEBHOOK_URL: "https://hooks.example/services/T01/0123456789abcdef0123" });
  assertStringIncludes(
    configTable(hook.settings, { color: false, width: 200 }),
    "https://hooks.example/services/T01/xxx ",
  );
});
