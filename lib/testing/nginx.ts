/** For tests: Debian's nginx with a configuration of its own, in the clear and over TLS. */
import { exec, tryExec } from "../host/exec.ts";
import { delay } from "./watched.ts";

export interface Nginx extends AsyncDisposable {
  readonly http: number;
  /** Only with a certificate. */
  readonly https: number;
  /** The process that was started; its worker is another. */
  readonly master: number;
  /** Lines of its access log: `<path> <request time, s> <upstream header time, s>`. */
  readonly log: () => Promise<string[][]>;
}

export interface NginxOptions {
  /** Where `/late` is handed on to: a port of its own loopback. `/` is a file. */
  readonly upstream: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Default 127.0.0.1, with ports that are free. */
  readonly address?: string;
  /** Puts a program's arguments where the server shall run, such as a network namespace. */
  readonly inside?: (argv: readonly string[]) => readonly string[];
}

export function hasNginx(): string | null {
  try {
    Deno.statSync("/usr/sbin/nginx");
    return null;
  } catch {
    return "nginx is not installed (apt-get install nginx)";
  }
}

function freePorts(): [number, number] {
  const listeners = [0, 0].map(() => Deno.listen({ port: 0, hostname: "127.0.0.1" }));
  const ports = listeners.map(({ addr }) => addr.port);
  listeners.forEach((listener) => listener.close());
  return [ports[0]!, ports[1]!];
}

/** Starts it and waits until it answers. */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const { upstream, tls, address = "127.0.0.1", inside = (argv) => argv } = options;
  const [http, https] = address === "127.0.0.1" ? freePorts() : [80, 443];
  const folder = await Deno.makeTempDir({ prefix: "sloctl-nginx-" });
  await Deno.chmod(folder, 0o755); // its workers are nobody
  await Deno.writeTextFile(`${folder}/index.html`, "hello\n");
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    `${name}_temp_path ${folder}/${name};`
  );
  const secure = tls === undefined
    ? ""
    : `listen ${address}:${https} ssl; ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key}; ssl_protocols TLSv1.2 TLSv1.3;`;
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
     events {} http { log_format times "$uri $request_time $upstream_header_time"; access_log ${folder}/access.log times;
     ${temp.join(" ")} server { listen ${address}:${http}; ${secure} root ${folder};
     location /late { proxy_pass http://127.0.0.1:${upstream}; } } }`,
  );
  const [program, ...args] = inside(["/usr/sbin/nginx", "-c", `${folder}/nginx.conf`, "-e", `${folder}/error.log`]);
  const child = new Deno.Command(program!, { args, stdin: "null", stderr: "null" }).spawn();
  const [curl, ...ask] = inside(["curl", "-so", "/dev/null", `http://${address}:${http}/`]);
  for (let i = 0; i < 100 && await tryExec(curl!, ...ask) === null; i++) await delay(20);
  await Deno.truncate(`${folder}/access.log`);
  return {
    http,
    https,
    master: child.pid,
    log: async () => {
      await delay(20); // written when the answer is out
      return (await exec("cat", `${folder}/access.log`)).trim().split("\n").map((line) => line.split(" "));
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
