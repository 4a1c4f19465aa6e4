/** docs/openapi.yaml, as `deno task docs` writes it. */
import { stringify } from "yaml";
import project from "../deno.json" with { type: "json" };
import { openApi } from "../lib/serve/openapi.ts";

export function openApiYaml(): string {
  const head = "# Generated from lib/serve/api.ts and lib/model/schema by `deno task docs`; do not edit.\n";
  return head + stringify(openApi(project.version), { lineWidth: 0, aliasDuplicateObjects: false });
}
