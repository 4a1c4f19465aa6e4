/**
 * A watcher over gRPC, as its own clients have to be: it comes again where it was when the connection breaks. Each connection is a
 * process: the HTTP/2 client of Deno 2.9.6 now and then takes its process with it when the server is killed.
 */

const CHILD = new URL("./grpc_watch_child.ts", import.meta.url).pathname;
const AGAIN_MS = 50;

export interface GrpcWatcher {
  readonly seen: readonly number[];
  readonly end: () => Promise<void>;
}

/** Sequences as they come, from the first on. @param address HOST:PORT of a collector that may end and begin again */
export function watchOverGrpc(address: string): GrpcWatcher {
  const seen: number[] = [];
  let over = false;
  let child: Deno.ChildProcess | undefined;
  const watching = (async () => {
    while (!over) {
      const args = ["run", "-A", "--no-check", CHILD, address, `${seen.at(-1) ?? 0}`];
      child = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
      let text = "";
      for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
        const lines = (text + part).split("\n");
        text = lines.pop()!;
        seen.push(...lines.map(Number));
      }
      await child.status;
      if (!over) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  })();
  return {
    seen,
    end: () => {
      over = true;
      try {
        child?.kill("SIGKILL");
      } catch {
        // it has ended
      }
      return watching;
    },
  };
}
