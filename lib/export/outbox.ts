/**
 * Messages about incidents on their way, one when it opens and one when it is over: those that wait, those that nobody took (dead letters), and the keys of those that were taken. In a
 * directory, one file a letter, so that a restart forgets nothing; without one, in memory. Secrets are never in it: a message is made
 * from its incident when it is sent.
 */
import { IoError } from "../model/errors.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import { closingKey, messageKey, openingKey } from "./webhook_format.ts";

export interface Letter {
  readonly key: string;
  readonly incident: IncidentAttribution;
  readonly tries: number;
  /** RFC 3339: when it was taken in. */
  readonly since: string;
  /** What the last try came to, in words; "" before the first. */
  readonly state: string;
}

const MOST_WAITING = 1_000;
const MOST_DEAD = 1_000;
const MOST_SENT = 10_000;
const SENT = "sent.txt";
/** Nobody is told of the end of what they never heard of. */
const OPENING_DEAD = "the message that it opened is a dead letter";

export class Outbox {
  readonly #waiting = new Map<string, Letter>();
  readonly #dead = new Map<string, Letter>();
  readonly #sent = new Set<string>();
  #forgotten = 0;
  /** One write after another. */
  #turn: Promise<void> = Promise.resolve();
  #lock: Deno.FsFile | null = null;

  private constructor(private readonly directory: string | undefined) {}

  /** @throws IoError when the directory cannot be used, or another process has it. */
  static async open(directory: string | undefined): Promise<Outbox> {
    const outbox = new Outbox(directory);
    if (directory === undefined) return outbox;
    try {
      for (const folder of ["waiting", "dead"]) {
        await Deno.mkdir(`${directory}/${folder}`, { recursive: true, mode: 0o700 });
      }
      outbox.#lock = await takeLock(directory);
      await outbox.#load();
      return outbox;
    } catch (error) {
      outbox.#lock?.close();
      if (error instanceof IoError) throw error;
      throw new IoError(`Cannot use "${directory}": ${(error as Error).message}`, "Name a folder you may write to");
    }
  }

  /** The oldest first. */
  get waiting(): readonly Letter[] {
    return [...this.#waiting.values()];
  }

  get dead(): readonly Letter[] {
    return [...this.#dead.values()];
  }

  /** Dead letters that had to go to make room. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** False when this message is known already, wherever it stands. */
  add(incident: IncidentAttribution): boolean {
    const key = messageKey(incident);
    if (this.#waiting.has(key) || this.#dead.has(key) || this.#sent.has(key)) return false;
    if (this.#waiting.size >= MOST_WAITING) {
      const [oldest] = this.#waiting.values();
      this.bury({ ...oldest!, state: `${MOST_WAITING} others waited behind it` });
    }
    const letter = { key, incident, tries: 0, since: new Date().toISOString(), state: "" };
    if (this.#dead.has(openingKey(incident) ?? "")) this.bury({ ...letter, state: OPENING_DEAD });
    else this.tried(letter);
    return true;
  }

  /** It waits on. */
  tried(letter: Letter): void {
    this.#waiting.set(letter.key, letter);
    this.#write("waiting", letter);
  }

  taken({ key }: Letter): void {
    this.#waiting.delete(key);
    this.#sent.add(key);
    if (this.#sent.size > MOST_SENT) this.#sent.delete(this.#sent.values().next().value!);
    this.#later(async (directory) => {
      await Deno.writeTextFile(`${directory}/${SENT}`, `${key}\n`, { append: true, mode: 0o600 });
      await remove(`${directory}/waiting/${key}.json`);
    });
  }

  /** What it closes was not taken yet: it has to wait. */
  isEarly({ incident }: Letter): boolean {
    return this.#waiting.has(openingKey(incident) ?? "");
  }

  /** Nobody took it, and it is not tried again. */
  bury(letter: Letter): void {
    this.#waiting.delete(letter.key);
    this.#dead.set(letter.key, letter);
    this.#write("dead", letter);
    this.#later((directory) => remove(`${directory}/waiting/${letter.key}.json`));
    const closing = this.#waiting.get(closingKey(letter.incident));
    if (closing !== undefined) this.bury({ ...closing, state: OPENING_DEAD });
    if (this.#dead.size <= MOST_DEAD) return;
    const [oldest] = this.#dead.keys();
    this.#dead.delete(oldest!);
    this.#forgotten++;
    this.#later((directory) => remove(`${directory}/dead/${oldest}.json`));
  }

  /** A dead letter waits again, as if it were new. False when there is none of that key. */
  revive(key: string): boolean {
    const letter = this.#dead.get(key);
    if (letter === undefined) return false;
    this.#dead.delete(key);
    this.tried({ ...letter, tries: 0, since: new Date().toISOString() });
    this.#later((directory) => remove(`${directory}/dead/${key}.json`));
    return true;
  }

  /** Everything noted so far is on disk. @throws IoError when it could not be written */
  async settle(): Promise<void> {
    await this.#turn;
    if (this.#failure !== "") {
      throw new IoError(`Cannot write "${this.directory}": ${this.#failure}`, "Make room, or name another folder");
    }
  }

  /** Why the directory could not be written last; "" when it could. */
  get failure(): string {
    return this.#failure;
  }

  async close(): Promise<void> {
    await this.#turn;
    this.#lock?.close();
    this.#lock = null;
  }

  #failure = "";

  async #load(): Promise<void> {
    for (const letter of await readLetters(`${this.directory}/waiting`)) this.#waiting.set(letter.key, letter);
    for (const letter of await readLetters(`${this.directory}/dead`)) {
      this.#dead.set(letter.key, letter);
      // A crash between two steps left it in both: it was given up.
      if (this.#waiting.delete(letter.key)) await remove(`${this.directory}/waiting/${letter.key}.json`);
    }
    const path = `${this.directory}/${SENT}`;
    const text = await Deno.readTextFile(path).catch(() => "");
    const keys = text.split("\n").slice(0, -1); // what follows the last line break was torn
    for (const key of keys.slice(-MOST_SENT)) {
      this.#sent.add(key);
      if (this.#waiting.delete(key)) await remove(`${this.directory}/waiting/${key}.json`);
    }
    if (keys.length > 2 * MOST_SENT || !text.endsWith("\n") && text !== "") {
      const lines = [...this.#sent].map((key) => `${key}\n`).join("");
      await replace(path, lines);
    }
  }

  #write(folder: "waiting" | "dead", letter: Letter): void {
    this.#later((directory) => replace(`${directory}/${folder}/${letter.key}.json`, `${JSON.stringify(letter)}\n`));
  }

  #later(work: (directory: string) => Promise<unknown>): void {
    const { directory } = this;
    if (directory === undefined) return;
    this.#turn = this.#turn.then(async () => {
      await work(directory);
      this.#failure = "";
    }).catch((error) => {
      this.#failure = (error as Error).message;
    });
  }
}

/** The letters of a folder, the oldest first. What is no letter is left alone. */
export async function readLetters(folder: string): Promise<Letter[]> {
  const letters: Letter[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || !name.endsWith(".json")) continue;
    try {
      const letter: Letter = JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
      if (`${messageKey(letter.incident)}.json` === name && letter.key === messageKey(letter.incident)) {
        letters.push(letter);
      }
    } catch {
      // Torn by a crash while it was written for the first time, before anybody was told that it is kept.
    }
  }
  return letters.sort((a, b) => a.since < b.since ? -1 : a.since > b.since ? 1 : 0);
}

async function takeLock(directory: string): Promise<Deno.FsFile> {
  const lock = await Deno.open(`${directory}/lock`, { create: true, write: true, mode: 0o600 });
  if (await lock.tryLock(true)) return lock;
  lock.close();
  throw new IoError(`Cannot use "${directory}": another process sends from it`, "Give each process its own folder");
}

async function replace(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
  await Deno.rename(`${path}.new`, path);
}

async function remove(path: string): Promise<void> {
  await Deno.remove(path).catch(() => {});
}
