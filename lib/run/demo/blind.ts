/**
 * The blind injector: another process draws fault, intensity and onset, and keeps them in a file of its own. Here only the digest of
 * that file is known until the report is closed, so that it cannot have been changed afterwards either.
 */
import { SelfChild } from "../../host/child.ts";
import { STATE_DIR } from "../../lab/names.ts";
import { IoError } from "../../model/errors.ts";
import type { Draw } from "./plan.ts";
import type { Label } from "./run_data.ts";

const PREFIX = "blind-";

export class BlindInjector implements AsyncDisposable {
  #finished = false;

  private constructor(readonly child: SelfChild, readonly folder: string, readonly digest: string) {}

  /** @param roomS seconds it may use after the baseline @throws IoError when it does not come up. */
  static async start(roomS: number): Promise<BlindInjector> {
    // The folder of a run that was killed is removed by the next one.
    for await (const { name } of Deno.readDir(STATE_DIR)) {
      if (name.startsWith(PREFIX)) await Deno.remove(`${STATE_DIR}/${name}`, { recursive: true });
    }
    const folder = await Deno.makeTempDir({ dir: STATE_DIR, prefix: PREFIX });
    const child = new SelfChild(["demo", "blind-inject", "--label", `${folder}/label`, "--room", String(roomS)]);
    const digest = /^sha256 ([0-9a-f]{64})$/.exec(await child.line() ?? "")?.[1];
    if (digest !== undefined) return new BlindInjector(child, folder, digest);
    await child.end();
    await Deno.remove(folder, { recursive: true });
    throw new IoError("Cannot start the blind injector: it did not say what it committed to");
  }

  baselineIsOver(): void {
    this.child.tell("go");
  }

  /** Resolves when the fault, whatever it was, has been taken back. @throws IoError when it failed. */
  async finished(): Promise<void> {
    const code = await this.child.end();
    if (code !== 0) throw new IoError(`The blind injector failed with exit code ${code}: the run proves nothing`);
    this.#finished = true;
  }

  /** Opens the label, once. @throws IoError when the file is not the one committed to. */
  async open(): Promise<Label> {
    const text = await Deno.readTextFile(`${this.folder}/label`);
    const log = JSON.parse(await Deno.readTextFile(`${this.folder}/label.log`)) as Label;
    await Deno.remove(this.folder, { recursive: true });
    if (await sha256(text) !== this.digest) {
      throw new IoError("The label is not the one the blind injector committed to");
    }
    const drawn = JSON.parse(text) as Draw;
    return { ...log, fault: drawn.fault, intensity: drawn.intensity };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
    if (!this.#finished) await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }
}

export async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(bytes).toHex();
}
