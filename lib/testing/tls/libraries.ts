/** For kernel tests: programs that speak TLS through one library each, as client and as server. */
import { exec, tryExec } from "../../host/exec.ts";
import { type Serving, serving } from "../serving.ts";

export interface TlsLibrary {
  /** `OpenSSL (curl)`. */
  readonly name: string;
  /** Name of its client's process. */
  readonly comm: string;
  /** Why it is not here, or null. */
  readonly missing: string | null;
  readonly serve: (files: { readonly cert: string; readonly key: string }) => Promise<Serving>;
  /** Makes `times` connections with a request each, trusting `ca`; false when one failed. */
  readonly get: (ca: string, port: number, times: number) => Promise<boolean>;
}

const file = (name: string) => new URL(name, import.meta.url).pathname;

async function lacking(program: string, arg: string, hint: string): Promise<string | null> {
  return await tryExec(program, arg) === null ? `${program} is not installed (apt-get install ${hint})` : null;
}

/** A program with the two verbs of this folder's sources. */
function spoken(name: string, comm: string, missing: string | null, argv: [string, ...string[]]): TlsLibrary {
  return {
    name,
    comm,
    missing,
    serve: ({ cert, key }) => serving([...argv, "serve", cert, key]),
    get: async (ca, port, times) => await tryExec(...argv, "get", ca, `127.0.0.1:${port}`, `${times}`) !== null,
  };
}

/** OpenSSL's own server, which sends so many tickets; it does not know of /late. */
export async function opensslServer(
  { cert, key }: { readonly cert: string; readonly key: string },
  tickets = 2,
): Promise<Serving> {
  const probe = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = probe.addr;
  probe.close();
  const argv = [
    "-accept",
    `127.0.0.1:${port}`,
    "-cert",
    cert,
    "-key",
    key,
    "-num_tickets",
    `${tickets}`,
    "-www",
    "-quiet",
  ];
  return await serving(["openssl", "s_server", ...argv], { port });
}

const openssl: TlsLibrary = {
  name: "OpenSSL",
  comm: "curl",
  missing: await lacking("curl", "--version", "curl"),
  serve: (files) => opensslServer(files),
  get: async (ca, port, times) => {
    for (let i = 0; i < times; i++) {
      const url = `https://127.0.0.1:${port}/`;
      if (await tryExec("curl", "-s", "--http1.1", "-o", "/dev/null", "--cacert", ca, url) === null) return false;
    }
    return true;
  },
};

/** Go is compiled once per test run, into a folder of the system's. */
async function go(): Promise<TlsLibrary> {
  const missing = await lacking("go", "version", "golang-go");
  const program = `${Deno.env.get("TMPDIR") ?? "/tmp"}/sloctl-test-tls-go-${Deno.pid}`;
  if (missing === null) await exec("sh", "-c", `cd "$1" && exec go build -o "$2" .`, "sh", file("./go"), program);
  globalThis.addEventListener("unload", () => missing === null && Deno.removeSync(program));
  return spoken("Go", program.split("/").at(-1)!.slice(0, 15), missing, [program]);
}

/** Every library the signals are promised for. */
export async function tlsLibraries(): Promise<readonly TlsLibrary[]> {
  const deno = [Deno.execPath(), "run", "--allow-net", "--allow-read", "--no-check", file("./deno.ts")];
  return [
    openssl,
    spoken("OpenSSL inside Node", "node", await lacking("node", "--version", "nodejs"), ["node", file("./node.cjs")]),
    spoken("rustls (Deno)", "deno", null, deno as [string, ...string[]]),
    await go(),
    spoken("JSSE (Java)", "java", await lacking("javac", "-version", "default-jdk-headless"), [
      "java",
      file("./Tls.java"),
    ]),
  ];
}
