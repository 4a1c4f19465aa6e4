/** A small real load for the probes: requests, look-ups, two programs that want the same CPU, disks, and too little memory. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { memoryLimit, noMemoryLimit } from "../accuracy/memory_limit.ts";
import { makeTls } from "../../lib/lab/tls_material.ts";

/** An address of the loopback net where nobody else serves DNS. */
const RESOLVER = "127.77.0.53";

/** Runs the load for `seconds`; yields when all of it is over. `folder` is for the TLS server's keys. */
export async function runLoad(folder: string, seconds: number): Promise<void> {
  const tls = await makeTls(`${folder}/tls`, "bench.test", "127.0.0.1");
  const answer = () => new Response("ok\n");
  const common = { hostname: "127.0.0.1", port: 0, onListen() {} };
  await using plain = Deno.serve(common, answer);
  const [cert, key] = [Deno.readTextFileSync(tls.certFile), Deno.readTextFileSync(tls.keyFile)];
  await using secure = Deno.serve({ ...common, cert, key }, answer);
  using resolver = await startResolver();
  await Promise.all([
    loop(seconds, `curl -s -o /dev/null http://127.0.0.1:${plain.addr.port}/`),
    loop(seconds, `curl -sk -o /dev/null https://127.0.0.1:${secure.addr.port}/`),
    loop(seconds, `dig +tries=1 +time=1 +noedns @${resolver.address} bench.test`),
    hog(seconds),
    hog(seconds),
    reads(seconds, folder),
    tooLittleMemory(seconds, folder),
  ]);
}

/** Past the page cache, so that each read is a request to the disk. */
async function reads(seconds: number, folder: string): Promise<void> {
  const file = `${folder}/data`;
  await shell([], `dd if=/dev/zero of=${file} bs=1M count=8 conv=fsync`);
  await loop(seconds, `dd if=${file} of=/dev/null bs=4k iflag=direct`);
}

/** Writes more than its control group may hold: every other write has to wait until older pages are gone. */
async function tooLittleMemory(seconds: number, folder: string): Promise<void> {
  if (noMemoryLimit() !== null) return;
  await using group = memoryLimit(`sloctl-bench-${Deno.pid}`, 16 * 2 ** 20);
  await loop(
    seconds,
    `sh -c 'echo $$ > ${group.dir}/cgroup.procs; exec dd if=/dev/zero of=${folder}/out bs=1M count=40'`,
  );
}

/** `timeout` ends it also when we are gone. A tool that is not installed is a loop that ends at once. */
async function loop(seconds: number, command: string): Promise<void> {
  await shell(["timeout", `${seconds}`], `while ${command} >/dev/null 2>&1; do sleep 0.005; done`);
}

/** Computes and nothing else; pinned, so that two of them have one CPU to share. */
async function hog(seconds: number): Promise<void> {
  await shell(["taskset", "-c", "0", "timeout", `${seconds}`], "while :; do :; done");
}

async function shell(before: readonly string[], script: string): Promise<void> {
  const [program, ...args] = [...before, "sh", "-c", script];
  await new Deno.Command(program!, { args, stdin: "null", stdout: "null", stderr: "null" }).output().catch(() => {});
}

/** Answers every query with itself: no error, no address. */
async function startResolver(): Promise<{ readonly address: string } & Disposable> {
  const socket = createSocket("udp4", (query, { port, address }) => {
    query[2]! |= 0x80; // QR: this is the answer
    socket.send(query, port, address);
  });
  socket.bind(53, RESOLVER);
  await once(socket, "listening");
  return { address: RESOLVER, [Symbol.dispose]: () => void socket.close() };
}
