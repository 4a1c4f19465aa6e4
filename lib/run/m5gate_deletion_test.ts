/** Missing is not good: whatever is deleted, another verdict never becomes a pass. */
import { assert, assertEquals } from "@std/assert";
import { type RunShape, writeRuns } from "../testing/bench_runs.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { M5_OPTIONS } from "../testing/m5_options.ts";
import { m5gate, type M5Options } from "./m5gate.ts";

const options: M5Options = { ...M5_OPTIONS, candidateCommit: "c0ffee11", bootstrapIters: 200 };

const MANIFEST = {
  source_ref: "v1",
  source_commit: "ba5eba11",
  generated_at: "2026-06-01T00:00:00Z",
  origin: "measured",
};

/** Every path below a folder, files and folders. */
function* paths(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    yield `${folder}/${name}`;
    if (isDirectory) yield* paths(`${folder}/${name}`);
  }
}

/** Scenarios `calm` and `hurt`, four planned runs each, the candidate's `hurt` as told. */
async function write(dir: string, hurt: Partial<RunShape> & { cpu?: number }): Promise<void> {
  const shape = { runs: 4, requests: 20, sigma: 0.05 };
  for (const scenario of ["calm", "hurt"]) {
    await writeRuns(`${dir}/baseline/${scenario}`, { ...shape, key: `b${scenario}` });
    await writeRuns(`${dir}/candidate/${scenario}`, {
      ...shape,
      key: `c${scenario}`,
      ...(scenario === "hurt" ? hurt : {}),
    });
    for (const arm of ["baseline", "candidate"]) {
      for (let n = 1; n <= 4; n++) {
        const path = `${dir}/${arm}/${scenario}/run-${n}/provenance.json`;
        await Deno.writeTextFile(path, JSON.stringify({ runs: { n, planned: 4 } }));
      }
    }
    await Deno.writeTextFile(`${dir}/baseline/${scenario}/manifest.json`, JSON.stringify(MANIFEST));
  }
}

async function verdict(dir: string): Promise<string> {
  const io = fakeIo();
  const roots = { candidateRoot: `${dir}/candidate`, baselineRoot: `${dir}/baseline` };
  await m5gate({ ...options, ...roots }, io).catch(() => {});
  return JSON.parse(io.stdout).verdict;
}

Deno.test("deleting any file, run, scenario or key never turns another verdict into a pass", async () => {
  const cases: [string, Partial<RunShape> & { cpu?: number }][] = [
    ["fail", { centre: 150 }],
    ["fail", { cpu: 9 }],
    ["inconclusive", { centre: 110 }],
  ];
  for (const [expected, hurt] of cases) {
    const dir = await Deno.makeTempDir();
    await write(dir, hurt);
    assertEquals(await verdict(dir), expected, JSON.stringify(hurt));
    for (const path of [...paths(dir)].filter((path) => !/\/(candidate|baseline)$/.test(path))) {
      const aside = `${dir}.aside`;
      await Deno.rename(path, aside);
      const left = await verdict(dir);
      await Deno.rename(aside, path);
      assert(left !== "pass", `${JSON.stringify(hurt)} passes without ${path.slice(dir.length)}`);
    }
    await Deno.remove(dir, { recursive: true });
  }
  const dir = await Deno.makeTempDir();
  await write(dir, {});
  assertEquals(await verdict(dir), "pass");
  // Keys of the manifest that it must have, one by one.
  const path = `${dir}/baseline/hurt/manifest.json`;
  for (const key of ["source_commit", "generated_at"]) {
    await Deno.writeTextFile(path, JSON.stringify({ ...MANIFEST, [key]: undefined }));
    assertEquals(await verdict(dir), "not-evaluated", key);
  }
  await Deno.remove(dir, { recursive: true });
});
