import { assertEquals } from "@std/assert";
import { measuredCosts } from "./measured_costs.ts";
import { parse } from "yaml";
import { openApiYaml } from "./openapi.ts";
import { signalsTable } from "./signals_table.ts";
import project from "../deno.json" with { type: "json" };

const read = (path: string) => Deno.readTextFile(new URL(path, import.meta.url));

Deno.test("docs/decisions.md speaks of every dependency, and each is pinned", async () => {
  const text = await read("../docs/decisions.md");
  const packages = Object.values(project.imports).filter((target) => target.startsWith("npm:"));
  for (const target of packages) {
    const [, name, version] = /^npm:((?:@[^/]+\/)?[^@/]+)@([^/]+)/.exec(target)!;
    assertEquals(/^\d+\.\d+\.\d+$/.test(version!), true, `${name} is not pinned: ${version}`);
    const short = name!.replace(/^@opentelemetry/, "");
    assertEquals(text.includes(`\`${name}\``) || text.includes(`\`${short}\``), true, `${name} is not in the table`);
  }
});

Deno.test("every BPF source carries its dual licence", async () => {
  for await (const { name } of Deno.readDir(new URL("../bpf", import.meta.url))) {
    if (!/\.[ch]$/.test(name)) continue;
    const first = (await read(`../bpf/${name}`)).split("\n", 1)[0]!;
    assertEquals(first.includes("SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)"), true, name);
  }
});

Deno.test("docs/signals.md is what the catalogue says (deno task docs)", async () => {
  const page = await read("../docs/signals.md");
  const cells = (text: string) =>
    text.split("\n").filter((line) => line.startsWith("|") && !/^\| *-/.test(line)).map((line) =>
      line.replaceAll(/ +/g, " ")
    );
  assertEquals(cells(page), cells(signalsTable(measuredCosts())));
});

Deno.test("docs/openapi.yaml is what the routes and schemas say (deno task docs)", async () => {
  assertEquals(parse(await read("../docs/openapi.yaml")), parse(openApiYaml()));
});
