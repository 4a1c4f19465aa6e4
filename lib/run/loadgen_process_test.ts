import { assert, assertEquals } from "@std/assert";
import { selfCommand } from "../host/self.ts";
import { rawServer } from "../testing/raw_server.ts";

const BODY = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n';
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

/** The program itself against a quick server; `meddle` is called once the load runs. */
async function run(args: readonly string[], meddle: (child: Deno.ChildProcess) => Promise<void>) {
  await using server = await rawServer(async (write) => {
    await write(ANSWER);
    return "keep";
  });
  const out = await Deno.makeTempDir();
  const [program, ...prefix] = selfCommand();
  const child = new Deno.Command(program!, {
    args: [
      ...prefix,
      "loadgen",
      "--target",
      `http://127.0.0.1:${server.port}`,
      "--out",
      out,
      "--arrival",
      "constant",
      ...args,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  while (server.heads.length < 20) await new Promise((resolve) => setTimeout(resolve, 20));
  await meddle(child);
  const { code, stdout } = await child.output();
  const report = JSON.parse(await Deno.readTextFile(`${out}/report.json`));
  const lines = (await Deno.readTextFile(`${out}/requests.jsonl`)).trim().split("\n").map((line) => JSON.parse(line));
  await Deno.remove(out, { recursive: true });
  return { code, text: new TextDecoder().decode(stdout), report, lines };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

Deno.test("loadgen: Ctrl-C in the middle: the report so far is written and says so, exit 130", async () => {
  const { code, text, report, lines } = await run(["--rps", "50", "--duration-sec", "600"], async (child) => {
    await pause(300);
    child.kill("SIGINT");
  });
  assertEquals([code, lines.length], [130, 30_000]);
  assert(/INTERRUPTED after \d+\.\d s of 600 s/.test(text), text);
  assert(report.outcomes.ok >= 20 && report.interrupted.not_due > 29_000 && report.verdict === "inconclusive");
  assert(lines.at(-1).outcome === "cancelled" && lines.at(-1).error_type === "stopped");
});

Deno.test("loadgen: a client that was held up says so and gives no verdict, exit 3", async () => {
  const { code, report, lines } = await run(["--rps", "100", "--duration-sec", "3"], async (child) => {
    child.kill("SIGSTOP");
    await pause(1000);
    child.kill("SIGCONT");
  });
  assertEquals([code, report.verdict, lines.length], [3, "inconclusive", 300]);
  assert(report.client.own_lag_ms.p99 > 500 && report.client.loop_lag_ms.p99 > 500, JSON.stringify(report.client));
  assert(report.reasons.some((reason: string) => reason.includes("late at p99")), JSON.stringify(report.reasons));
  // Nothing slid: due times stay 10 ms apart, and what was late was sent at once.
  const due = lines.map(({ g_ns }: { g_ns: number }) => g_ns);
  assert(due.every((g: number, i: number) => i === 0 || Math.abs(g - due[i - 1]! - 10e6) <= 1));
  const late = lines.filter((r: { s_ns: number; g_ns: number }) => r.s_ns - r.g_ns > 100e6).length;
  assert(late >= 60, `${late} of the 100 that were due meanwhile are told as late`);
});
