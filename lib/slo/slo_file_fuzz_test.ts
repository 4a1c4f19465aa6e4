import { assert } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import { random } from "../stats/random.ts";
import { generateRules } from "./rules/generate.ts";
import { parseSloFile } from "./slo_file.ts";

const FILES = ["gateway.yaml", "golden/composite.yaml", "golden/slices.yaml", "golden/counters.yaml"]
  .map((name) => Deno.readTextFileSync(new URL(`../../fixtures/slo/${name}`, import.meta.url)));
const WORDS = [
  "0",
  "1",
  "-1",
  "1e400",
  ".nan",
  "null",
  "[]",
  "{}",
  '""',
  "99.9",
  "30d",
  "1s",
  "status == ok",
  "a{",
  "<=",
  "∧",
  "&x",
  "!!int 1",
];

Deno.test("a damaged SLO file is taken or refused in words, never anything else", () => {
  for (let seed = 0; seed < 400; seed++) {
    const draw = random(`slo-file/${seed}`);
    let text = FILES[draw.below(FILES.length)]!;
    for (let change = 0; change <= draw.below(3); change++) {
      const at = draw.below(text.length);
      const to = Math.min(text.length, at + draw.below(12));
      const lines = text.split("\n");
      const line = draw.below(lines.length);
      text = [
        () => text.slice(0, at) + text.slice(to),
        () => text.slice(0, at) + WORDS[draw.below(WORDS.length)] + text.slice(to),
        () =>
          lines.map((old, i) => i === line ? old.replace(/: .*/, `: ${WORDS[draw.below(WORDS.length)]}`) : old).join(
            "\n",
          ),
        () => lines.filter((_, i) => i !== line).join("\n"),
        () => lines.flatMap((old, i) => i === line ? [old, old] : [old]).join("\n"),
      ][draw.below(5)]!();
    }
    try {
      generateRules(parseSloFile(text, "f.yaml"), { nameStyle: "suffixed", snap: null });
    } catch (error) {
      assert(error instanceof UsageError, `seed ${seed}: ${error}\n${text}`);
      assert(/^Cannot read "f\.yaml": line \d+, column \d+: ./.test(error.message), `seed ${seed}: ${error.message}`);
      assert(error.hint !== undefined && error.hint !== "", `seed ${seed}: no hint: ${error.message}`);
    }
  }
});
