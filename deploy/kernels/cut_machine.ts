/** A machine whose power can be cut: qemu with a collector inside, on a disk that we serve. */
import { until } from "../../lib/testing/until.ts";
import { CUT_READY, type CutOrder, GUEST_PORT } from "./cut_order.ts";
import { MACHINE } from "./boot.ts";

/** A guest that says nothing for so long stands still: the emulator does that now and then. */
const PATIENCE_MS = 90_000;
const MEMORY = "1024";

export interface CutMachineOptions {
  readonly vmlinuz: string;
  readonly initramfs: string;
  /** Path of the socket that the disk is served on. */
  readonly disk: string;
  /** A folder for its monitor. */
  readonly dir: string;
}

/** It did not get on. */
export class StoodStill extends Error {}

export class CutMachine implements AsyncDisposable {
  #console = "";
  #over = false;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended: Promise<unknown>;

  private constructor(
    private readonly child: Deno.ChildProcess,
    private readonly options: CutMachineOptions,
    /** Of the collector, from the host. */
    readonly url: string,
  ) {
    this.#input = child.stdin.getWriter();
    const reading = (async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) this.#console += text;
    })();
    this.#ended = Promise.all([reading, child.status]).then(() => this.#over = true);
  }

  /** Switched on; or woken as it was when it was kept. */
  static start(options: CutMachineOptions, kept?: string): CutMachine {
    const { vmlinuz, initramfs, disk, dir } = options;
    const port = freePort();
    const args = [
      ...[...MACHINE, "-m", MEMORY, "-display", "none", "-serial", "stdio", "-no-reboot"],
      ...["-monitor", `unix:${dir}/monitor,server,nowait`],
      ...["-netdev", `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:${GUEST_PORT}`],
      ...["-device", "virtio-net-pci,netdev=net"],
      // The guest is told of a cache that it has to flush, as a real disk does.
      ...["-blockdev", `driver=nbd,node-name=disk,server.type=unix,server.path=${disk}`],
      ...["-device", "virtio-blk-pci,drive=disk,write-cache=on"],
      ...["-kernel", vmlinuz, "-initrd", initramfs, "-append", "console=ttyS0 quiet loglevel=3 panic=-1"],
      ...(kept === undefined ? [] : ["-incoming", `exec:cat ${kept}`]),
    ];
    const child = new Deno.Command("qemu-system-x86_64", { args, stdin: "piped", stdout: "piped", stderr: "null" })
      .spawn();
    return new CutMachine(child, options, `http://127.0.0.1:${port}`);
  }

  /** Everything on its console. */
  get console(): string {
    return this.#console.replaceAll("\r", "");
  }

  /** Until the console says so. @throws StoodStill */
  async says(words: string): Promise<void> {
    const done = () => this.#console.includes(words) || this.#over;
    await until(done, words, PATIENCE_MS).catch(() => {});
    if (this.#console.includes(words)) return;
    const end = this.console.trimEnd().split("\n").slice(-24).join(" | ");
    // Its program ended by itself: that is no fault of the emulator.
    if (/guest: exit code/.test(end)) throw new Error(`the collector in the guest ended: ${end}`);
    throw new StoodStill(`no "${words}" on its console: ${end}`);
  }

  /** Until its program is loaded. @throws StoodStill */
  ready(): Promise<void> {
    return this.says(CUT_READY);
  }

  /** Writes its memory and state as they are now to `path` (600 MB), for `start`, and stops it. @throws StoodStill */
  async keep(path: string): Promise<void> {
    using monitor = await Deno.connect({ transport: "unix", path: `${this.options.dir}/monitor` });
    let heard = "";
    const hearing = (async () => {
      for await (const part of monitor.readable.pipeThrough(new TextDecoderStream(), { preventCancel: true })) {
        heard += part;
      }
    })().catch(() => {});
    const say = (line: string) => monitor.write(new TextEncoder().encode(`${line}\n`));
    await say(`migrate_set_parameter max-bandwidth 10G\nmigrate "exec:cat >${path}"`);
    for (const deadline = Date.now() + PATIENCE_MS; !/Migration status: completed/.test(heard);) {
      if (this.#over || Date.now() > deadline) throw new StoodStill(`it could not be kept: ${heard.slice(-200)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await say("info migrate");
    }
    await this.cut();
    await hearing;
  }

  /** Once it is awake. @throws StoodStill */
  async order(order: CutOrder): Promise<void> {
    await this.ready();
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
  }

  /** Its power: what is in its memory is gone. */
  async cut(): Promise<void> {
    if (!this.#over) this.child.kill("SIGKILL");
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
    await this.#input.abort().catch(() => {});
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
