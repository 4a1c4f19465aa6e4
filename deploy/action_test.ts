/** The GitHub action, run as a runner runs it: its script, with its inputs in the environment. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { COMMANDS } from "../cli/commands.ts";
import { writeRuns } from "../lib/testing/bench_runs.ts";

const FOLDER = new URL("../.github/actions/m5gate/", import.meta.url);

interface Action {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly runs: {
    readonly steps: readonly { readonly env: Readonly<Record<string, string>>; readonly run: string }[];
  };
}

Deno.test("the action's inputs are the command's flags, and each reaches the script by the environment", async () => {
  const { inputs, runs } = parse(await Deno.readTextFile(new URL("action.yml", FOLDER))) as Action;
  const flags = COMMANDS.find(({ name }) => name === "m5gate")!.flags.map(({ name }) => name);
  const own = flags.filter((name) => !name.startsWith("out-"));
  assertEquals(Object.keys(inputs).sort(), [...own, "out"].sort());
  const env = Object.fromEntries(
    Object.keys(inputs).map((name) => [`M5_${name.toUpperCase().replaceAll("-", "_")}`, `\${{ inputs.${name} }}`]),
  );
  assertEquals(runs.steps.map((step) => step.env), [env]);
  assert(!runs.steps[0]!.run.includes("${{"), "nothing is put into a script's text");
  const script = await Deno.readTextFile(new URL("run.sh", FOLDER));
  for (const name of own) assert(script.includes(name), name);
});

Deno.test("the action's script gives the gate's exit code, its files, its outputs and the step summary", async () => {
  const dir = await Deno.makeTempDir();
  const shape = { runs: 5, requests: 120, sigma: 0.05 };
  await writeRuns(`${dir}/b/s one`, { ...shape, key: "b" });
  await writeRuns(`${dir}/good/s one`, { ...shape, key: "c" });
  await writeRuns(`${dir}/bad/s one`, { ...shape, key: "c", centre: 150 });
  const manifest = { source_ref: "v1", source_commit: "ba5eba11", generated_at: new Date().toISOString() };
  await Deno.writeTextFile(`${dir}/b/manifest.json`, JSON.stringify(manifest));
  const run = async (candidate: string, env: Record<string, string> = {}) => {
    const [outputs, summary] = [`${dir}/outputs-${candidate}`, `${dir}/step-${candidate}.md`];
    const { code, stderr } = await new Deno.Command("sh", {
      args: [fileURLToPath(new URL("run.sh", FOLDER))],
      cwd: dir,
      env: {
        SLOCTL_DENO: Deno.execPath(),
        GITHUB_OUTPUT: outputs,
        GITHUB_STEP_SUMMARY: summary,
        GITHUB_ACTIONS: "true",
        M5_CANDIDATE_ROOT: `${dir}/${candidate}`,
        M5_BASELINE_ROOT: `${dir}/b`,
        M5_CANDIDATE_COMMIT: "c0ffee11",
        M5_CANDIDATE_REF: "a; touch stranger $(touch stranger)",
        M5_TTFT_REGRESSION_PCT: "10",
        M5_MIN_RUNS: "",
        M5_OUT: `out ${candidate}`,
        ...env,
      },
      stdout: "null",
    }).output();
    const text = await Deno.readTextFile(outputs).catch(() => "");
    return {
      code,
      text,
      said: new TextDecoder().decode(stderr),
      summary: await Deno.readTextFile(summary).catch(() => ""),
    };
  };
  const good = await run("good");
  assertEquals(good.code, 0, good.said);
  assertEquals(
    good.text,
    "verdict=pass\npass=true\nsummary-json=out good/m5_gate_summary.json\nsummary-md=out good/m5_gate.md\n",
  );
  assert(good.summary.startsWith("## m5 gate: PASS"), good.summary);
  const written = JSON.parse(await Deno.readTextFile(`${dir}/out good/m5_gate_summary.json`));
  assertEquals([written.candidate.commit, written.candidate.ref.slice(0, 8), written.profile], [
    "c0ffee11",
    "a; touch",
    "release",
  ]);
  assertEquals([...Deno.readDirSync(dir)].some(({ name }) => name === "stranger"), false);
  const bad = await run("bad");
  assert(bad.code === 1 && bad.text.startsWith("verdict=fail\npass=false\n"), bad.said);
  assert(bad.said.includes("::error title=m5 gate%3A regression of s one::"), bad.said);
  const same = await run("good", { M5_CANDIDATE_COMMIT: "ba5eba11", M5_MODE: "classic" });
  assertEquals(same.code, 4, same.said);
  // An error of usage has no verdict: what the run before left in the folder is none of its own.
  await Deno.remove(`${dir}/outputs-good`);
  const unusable = await run("good", { M5_MODE: "nosuch" });
  assertEquals([unusable.code, unusable.text], [2, ""]);
  await Deno.remove(dir, { recursive: true });
});
