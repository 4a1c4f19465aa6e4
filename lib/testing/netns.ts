/** For kernel tests: network namespaces of their own, which are gone with all that is in them when disposed of. */
import { exec, tryExec } from "../host/exec.ts";
import { listening } from "./listening.ts";

let made = 0;

export class Namespace implements AsyncDisposable {
  private constructor(readonly name: string) {}

  /** A new one, its loopback up. */
  static async make(): Promise<Namespace> {
    const name = `slotest-${Deno.pid}-${++made}`;
    await exec("ip", "netns", "add", name);
    await exec("ip", "-n", name, "link", "set", "lo", "up");
    return new Namespace(name);
  }

  /** What events say of it: `owner.netns`. Addresses are alike in every link of these tests, so they do not tell. */
  async inode(): Promise<number> {
    return Number(/\d+/.exec(await this.run("readlink", "/proc/self/ns/net"))?.[0]);
  }

  /** Runs a program inside to its end. @throws IoError when it fails. */
  run(...argv: readonly [string, ...string[]]): Promise<string> {
    return exec(...this.#inside(argv));
  }

  /** Like run, but a failure is null. */
  tryRun(...argv: readonly [string, ...string[]]): Promise<string | null> {
    return tryExec(...this.#inside(argv));
  }

  /** A program inside, not started yet. Its pid is the program's own: `ip` becomes it. */
  command(argv: readonly string[], options: Omit<Deno.CommandOptions, "args"> = {}): Deno.Command {
    const [program, ...args] = this.#inside(argv);
    return new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null", ...options });
  }

  /** Resolves when somebody inside listens on this TCP port. */
  async listens(port: number): Promise<void> {
    await listening(port, () => this.run("cat", "/proc/net/tcp", "/proc/net/tcp6"));
  }

  /** nftables commands, in one transaction. */
  async rules(...lines: readonly string[]): Promise<void> {
    await this.run("nft", lines.join("\n"));
  }

  /** A counter of /proc/net/snmp or /proc/net/netstat inside: `counter("Tcp", "RetransSegs")`. */
  async counter(group: string, name: string): Promise<number> {
    const text = await this.run("cat", "/proc/net/snmp", "/proc/net/netstat");
    const [names, values] = text.split("\n").filter((line) => line.startsWith(`${group}:`))
      .map((line) => line.split(" "));
    return Number(values![names!.indexOf(name)]);
  }

  #inside(argv: readonly string[]): [string, ...string[]] {
    return ["ip", "netns", "exec", this.name, ...argv];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await tryExec("ip", "netns", "del", this.name);
  }
}

/** Two namespaces joined by a veth pair: IPv4 and IPv6 at either end. */
export class Link implements AsyncDisposable {
  static readonly NEAR = "10.99.7.1";
  static readonly FAR = "10.99.7.2";
  static readonly NEAR6 = "fd99::1";
  static readonly FAR6 = "fd99::2";

  private constructor(readonly near: Namespace, readonly far: Namespace) {}

  static async make(): Promise<Link> {
    const [near, far] = [await Namespace.make(), await Namespace.make()];
    await exec(
      ...["ip", "link", "add", "veth0", "netns", near.name] as const,
      ...["type", "veth", "peer", "name", "veth0", "netns", far.name],
    );
    for (const [end, v4, v6] of [[near, Link.NEAR, Link.NEAR6], [far, Link.FAR, Link.FAR6]] as const) {
      await exec("ip", "-n", end.name, "address", "add", `${v4}/24`, "dev", "veth0");
      await exec("ip", "-n", end.name, "address", "add", `${v6}/64`, "dev", "veth0", "nodad");
      await exec("ip", "-n", end.name, "link", "set", "veth0", "up");
    }
    return new Link(near, far);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.near[Symbol.asyncDispose]();
    await this.far[Symbol.asyncDispose]();
  }
}
