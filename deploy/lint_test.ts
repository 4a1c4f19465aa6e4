import { assertEquals } from "@std/assert";
import plugin from "./lint.ts";

/** Ids of the rules that object to `source` standing at `path`. */
function objections(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map(({ id }) => id.replace("house/", ""));
}

Deno.test("layers: imports only point to the right", () => {
  const table: [string, string, boolean][] = [
    ["lib/kernel/a.ts", "./b.ts", true],
    ["lib/kernel/deep/a.ts", "../b.ts", true],
    ["lib/kernel/a.ts", "../model/errors.ts", true],
    ["lib/kernel/a.ts", "../host/clock.ts", true],
    ["lib/kernel/a.ts", "@std/yaml", true],
    ["lib/kernel/a.ts", "../decode/wire.gen.ts", false],
    ["lib/kernel/a.ts", "../run/agent.ts", false],
    ["lib/kernel/a.ts", "../../cli/io.ts", false],
    ["lib/kernel/a.ts", "../../mod.ts", false],
    ["lib/kernel/a.ts", "../testing/fake_io.ts", false],
    ["lib/kernel/a_test.ts", "../decode/wire.gen.ts", true],
    ["lib/testing/x.ts", "../kernel/a.ts", true],
    ["lib/host/a.ts", "../report/table.ts", true],
    ["lib/host/a.ts", "../kernel/a.ts", false],
    ["lib/model/a.ts", "../stats/quantile.ts", false],
    ["lib/run/agent.ts", "../kernel/a.ts", true],
    ["lib/run/agent.ts", "../../cli/io.ts", false],
    ["cli/agent.ts", "../lib/run/agent.ts", true],
    ["cli/agent.ts", "../lib/testing/fake_io.ts", false],
    ["mod.ts", "./cli/main.ts", true],
    ["bpf/build.ts", "../lib/host/exec.ts", true],
  ];
  const forms = [
    (to: string) => `import { x } from "${to}"; x;`,
    (to: string) => `import type { X } from "${to}"; export type Y = X;`,
    (to: string) => `export { x } from "${to}";`,
    (to: string) => `export * from "${to}";`,
    (to: string) => `await import("${to}");`,
    (to: string) => `export type X = import("${to}").X;`,
  ];
  for (const [from, to, allowed] of table) {
    for (const form of forms) {
      assertEquals(objections(from, form(to)), allowed ? [] : ["layers"], `${from}: ${form(to)}`);
    }
  }
});

Deno.test("pure: no effects, clocks or random numbers in pure folders", () => {
  const impure = [
    `Deno.readTextFileSync("x");`,
    `Deno["env"].get("x");`,
    `Date.now();`,
    `new Date();`,
    `performance.now();`,
    `Math.random();`,
    `crypto.getRandomValues(new Uint8Array(1));`,
    `setTimeout(() => {}, 1);`,
    `await fetch("http://x");`,
    `import fs from "node:fs"; fs;`,
  ];
  for (const source of impure) {
    assertEquals(objections("lib/decode/a.ts", source), ["pure"], source);
    for (const path of ["lib/decode/a_test.ts", "lib/host/a.ts", "lib/run/a.ts", "cli/a.ts"]) {
      assertEquals(objections(path, source), [], `${path}: ${source}`);
    }
  }
  const fine = [
    `new Date(0).toISOString();`,
    `Math.max(1, 2);`,
    `crypto.subtle;`,
    `import assert from "node:assert"; assert;`,
  ];
  for (const source of fine) assertEquals(objections("lib/model/a.ts", source), [], source);
});

Deno.test("one exit, and FFI at home", () => {
  const table: [string, string, string[]][] = [
    ["cli/sloctl.ts", "Deno.exit(0);", []],
    ["cli/main.ts", "Deno.exit(0);", ["one-exit"]],
    ["deploy/run_tests.ts", "Deno.exit(0);", ["one-exit"]],
    ["lib/run/a.ts", "process.exit(0);", ["one-exit"]],
    ["lib/run/a.ts", "Deno.exitCode = 1;", []],
    ["lib/kernel/libbpf.ts", 'Deno.dlopen("x", {});', []],
    ["lib/host/libc.ts", 'Deno.dlopen("x", {});', []],
    ["lib/lab/a.ts", 'Deno.dlopen("x", {});', ["ffi-home"]],
    ["lib/kernel/a.ts", 'Deno.dlopen("x", {});', ["ffi-home"]],
  ];
  for (const [path, source, expected] of table) assertEquals(objections(path, source), expected, `${path}: ${source}`);
});
