/**
 * Runs the tests and ends with one line: `N passed, N failed[, N skipped]`.
 *
 *   deno run -A deploy/run_tests.ts [--unit] [path ...]
 *
 * `--unit` leaves out the kernel tests; a path narrows the run to the files below it. Kernel tests share the machine: each
 * file has a process of its own, one after the other. So has each file that speaks gRPC: Deno 2.9.6 aborts now and then in a process that is
 * both server and client of hundreds of HTTP/2 connections. Only the guests, which have a kernel of their own and take minutes, run
 * beside the unit tests; what they print follows when both are done. A test that failed is run again when all others are done, twice at
 * most, and a line `again: ...` says so before the count. The exit code is 0 only if something passed and nothing failed.
 */
import { type TestCase, testCases } from "./junit.ts";
import { secondTry } from "./second_try.ts";
import { summarize, type TestRun } from "./test_summary.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const SKIPPED_FOLDERS = new Set([".git", ".tools", "artifacts", "node_modules", "coverage", "out"]);
const KERNEL = "_kernel_test.ts";
const GUESTS = "deploy/kernels/";
/** A test that hangs must not hang the machine it runs on: limits for one process, and for all of them, which usually need 16 minutes. */
const RUN_LIMIT_MS = 10 * 60_000;
const TOTAL_LIMIT_MS = 40 * 60_000;
const MORE_TRIES = 2;
/** More is told; it is no failure of what was tested. */
const MOST_MINUTES = 19;

/** Paths of test files below `folder`, relative to the root, sorted. */
async function testFiles(folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(ROOT + folder)) {
    const path = folder + entry.name;
    if (entry.isDirectory && !SKIPPED_FOLDERS.has(entry.name)) found.push(...await testFiles(`${path}/`));
    if (entry.isFile && path.endsWith("_test.ts")) found.push(path);
  }
  return found.sort();
}

interface RunOptions {
  /** Output goes to our own streams as it comes; with `turn` all of it after that. */
  readonly turn?: Promise<unknown>;
  /** As of `deno test --filter`. */
  readonly filter?: string;
}

/** One `deno test` of `files`, killed after `limitMs`. */
async function run(files: readonly string[], limitMs: number, { turn, filter }: RunOptions = {}): Promise<TestRun> {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-test-" });
  const report = `${folder}/junit.xml`;
  try {
    const stream = turn === undefined ? "inherit" : "piped";
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "-A",
        "--no-check",
        `--junit-path=${report}`,
        ...(filter === undefined ? [] : [`--filter=${filter}`]),
        ...files,
      ],
      cwd: ROOT,
      stdin: "null",
      stdout: stream,
      stderr: stream,
      env: { SLOCTL_STATE_DIR: folder, ...(Deno.stdout.isTerminal() ? {} : { NO_COLOR: "1" }) },
    }).spawn();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, limitMs);
    const said = turn && Promise.all([new Response(child.stdout).bytes(), new Response(child.stderr).bytes()]);
    const { code } = await child.status;
    clearTimeout(timer);
    await turn;
    for (const bytes of await said ?? []) await writeAll(bytes);
    const xml = await Deno.readTextFile(report).catch(() => null);
    return { files, cases: xml === null ? null : testCases(xml).map(at(files)), code: late ? null : code };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A single write may take a part. */
async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}

/** Deno names the file that called Deno.test, which may be a helper; a run of one file knows better. */
function at(files: readonly string[]): (one: TestCase) => TestCase {
  const [only, ...more] = files;
  return (one) => only === undefined || more.length > 0 ? one : { ...one, file: only };
}

const started = performance.now();
const wanted = Deno.args.filter((arg) => !arg.startsWith("--")).map((path) => path.replace(/^\.\//, ""));
const files = (await testFiles()).filter((path) => wanted.length === 0 || wanted.some((one) => path.startsWith(one)));
const isKernel = (path: string) => path.endsWith(KERNEL);
const kernel = Deno.args.includes("--unit") ? [] : files.filter(isKernel);
const left = () => Math.max(1_000, Math.min(RUN_LIMIT_MS, TOTAL_LIMIT_MS - (performance.now() - started)));
const some = async (group: string[], turn?: Promise<unknown>) =>
  group.length > 0 ? [await run(group, left(), { ...(turn && { turn }) })] : [];

const own = new Set(files.filter((path) => !isKernel(path) && /grpc/i.test(Deno.readTextFileSync(ROOT + path))));
const inTurn = async (paths: readonly string[]) => {
  const runs: TestRun[] = [];
  for (const path of paths) runs.push(...await some([path]));
  return runs;
};

const shared = some(files.filter((path) => !isKernel(path) && !own.has(path)));
const unit = shared.then(async (runs) => [...runs, ...await inTurn([...own])]);
const guests = some(kernel.filter((path) => path.startsWith(GUESTS)), unit);
const runs = [...await unit, ...await guests];
runs.push(...await inTurn(kernel.filter((path) => !path.startsWith(GUESTS))));

const notes: string[] = [];
for (let more = MORE_TRIES; more > 0; more--) {
  for (const first of runs.splice(0)) {
    const retry = secondTry(first);
    runs.push(retry?.kept ?? first);
    if (retry === null) continue;
    notes.push(...retry.failed.map(({ file, name }) => `again: ${file}: ${name} — failed and was run once more`));
    const { filter } = retry;
    const second = await run(retry.files, left(), filter === undefined ? {} : { filter });
    // What the filter leaves out is reported as skipped.
    const names = new Set(retry.failed.map(({ name }) => name));
    const counts = filter === undefined ? () => true : ({ name }: TestCase) => names.has(name);
    runs.push({ ...second, cases: second.cases?.filter(counts) ?? null });
  }
}
const minutes = (performance.now() - started) / 60_000;
if (minutes > MOST_MINUTES) notes.push(`slow: ${minutes.toFixed(1)} minutes; ${MOST_MINUTES} are allowed`);
const { ok, lines } = summarize(runs);
await writeAll(new TextEncoder().encode(`\n${[...notes, ...lines].join("\n")}\n`));
Deno.exitCode = ok ? 0 : 1;
