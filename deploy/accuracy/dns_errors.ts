/** dns_errors_total against dig, which prints the server's response code, or that no server could be reached. */
import { createSocket } from "node:dgram";
import { exec, tryExec } from "../../lib/host/exec.ts";
import { delay, only, watched } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement, repeats } from "./measure.ts";

/** All of 127.0.0.0/8 is this machine, and nobody else listens on port 53 of this one. */
const SERVER = "127.53.53.8";
const SILENT = "127.53.53.9";

/** dig's words for a response code. */
const CODES = [["NXDOMAIN", 3], ["SERVFAIL", 2], ["REFUSED", 5], ["NOERROR", 0]] as const;

/** Answers with the code that is the first letter of the name; what begins with no digit stays without an answer. */
async function answering(address: string): Promise<AsyncDisposable> {
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => {
    const code = query[13]! - "0".charCodeAt(0);
    if (code < 0) return;
    const answer = Uint8Array.from(query);
    answer[2] = 0x84 | answer[2]! & 1;
    answer[3] = code;
    socket.send(answer, port, address);
  });
  await new Promise<void>((done, failed) => {
    socket.once("error", failed);
    socket.bind(53, address, done);
  });
  return { [Symbol.asyncDispose]: () => new Promise<void>((done) => socket.close(() => done())) };
}

const ask = (server: string, name: string) => ["-u", "+tries=1", "+time=1", `@${server}`, name];

export const dnsErrors: Measurement = {
  name: "dns_errors_total",
  needs: () => lacks("dig", "apt-get install bind9-dnsutils"),
  measure: async () => {
    await using _server = await answering(SERVER);
    await using _silent = await answering(SILENT);
    const n = repeats(12);
    const silent = 3;
    const said: string[] = [];
    const seen = await watched(async () => {
      for (const [word, code] of CODES) {
        for (let i = 0; i < n; i++) {
          const text = await exec("dig", ...ask(SERVER, `${code}${i}.${word.toLowerCase()}.test`));
          said.push(/status: (\w+)/.exec(text)?.[1] ?? "");
        }
      }
      // Its exit code 9 says that no server answered.
      for (let i = 0; i < silent; i++) {
        said.push(await tryExec("dig", ...ask(SILENT, `!${i}.silent.test`)) === null ? "none" : "");
      }
      await delay(1_500); // dig has closed its socket: told with the next look at the table
    }, { probes: ["dns_latency"] });
    const events = only(seen, "dns", ({ tuple }) => tuple.dstIp === SERVER || tuple.dstIp === SILENT);
    const row = (what: string, n: number, ours: number, theirs: number): Comparison => {
      return {
        signal: "dns_errors_total",
        what,
        oracle: "dig",
        n,
        stat: "count",
        unit: "count",
        ours,
        theirs,
        allowed: 0,
      };
    };
    const counted = (word: string) => said.filter((one) => one === word).length;
    return [
      ...CODES.map(([word, code]) =>
        row(`status ${word}`, n, events.filter(({ rcode }) => rcode === code).length, counted(word))
      ),
      row(
        "no answer within dig's second",
        silent,
        events.filter(({ rcode }) => rcode === null).length,
        counted("none"),
      ),
    ];
  },
};
