import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { diagnose } from "../diagnose/diagnosis.ts";
import { CONTEXT, dns } from "../diagnose/fixture.ts";
import { IoError } from "../model/errors.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { readBaseline, report } from "./agent_report.ts";

const run = (tookMs: number) => diagnose(Array.from({ length: 30 }, (_, i) => dns(1, 100 * i, tookMs)), CONTEXT);

Deno.test("a run that was saved is what another is compared with", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-report-" });
  const path = `${folder}/a.json`;
  try {
    const [first, second] = [fakeIo(), fakeIo()];
    await report(run(5), null, { json: false, save: path }, first);
    assertEquals(first.stdout.includes("Compared with"), false);
    const baseline = await readBaseline(path, first);
    await report(run(90), baseline, { json: true, save: path }, second);
    assertEquals(JSON.parse(second.stdout).compared.changes[0].change, "worse");
    // What is kept is the run alone: a comparison of a comparison would be nobody's.
    assertEquals((await readBaseline(path, second))?.compared, undefined);
    const piped = fakeIo({ stdin: await Deno.readTextFile(path) });
    assertEquals((await readBaseline("-", piped))?.schema, "diagnosis/v1");
    await report(run(5), baseline, { json: false, save: "-" }, piped);
    assertEquals(JSON.parse(piped.stdout).schema, "diagnosis/v1");
    for (
      const [text, state] of [["{", "not JSON"], ["{}", "no diagnosis"], ['{"schema":"x"}', "no diagnosis"]] as const
    ) {
      await Deno.writeTextFile(path, text);
      const error = await assertRejects(() => readBaseline(path, first), IoError, state);
      assertStringIncludes(error.hint ?? "", "--save");
    }
    await assertRejects(() => readBaseline(`${folder}/none`, first), IoError);
    assertEquals(await readBaseline(undefined, first), null);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
