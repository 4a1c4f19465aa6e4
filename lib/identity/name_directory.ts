/**
 * Names of containers from every source there is, in this order: what the downward API said of our own pod, what the kubelet or the
 * runtime listed, what files of the node say. Answers at once with what is known; a container nobody has heard of has the lists asked
 * for again behind the caller's back, and is known when they have come.
 */
import { type ContainerNames, type Listing, NOTHING_LISTED } from "./names.ts";

/** Something that lists containers, and may be out of reach. */
export interface ListSource {
  /** For a person: `kubelet https://10.0.0.7:10250`. */
  readonly name: string;
  list(): Promise<Listing | string>;
}

export interface NameDirectoryOptions {
  /** In the order of trust. */
  readonly sources: readonly ListSource[];
  readonly files: { find(containerId: string | undefined, podUid: string | undefined): ContainerNames | undefined };
  /** Names that hold for every process of one pod. */
  readonly own?: { readonly podUid: string; readonly names: ContainerNames };
  /** A monotonic clock in ms, for tests. */
  readonly now?: () => number;
}

/** Lists are asked and files are read again for one that had no name after so long, then after twice that, and so on. */
const AGAIN_MS = 1000;
const MOST_PATIENCE_MS = 64_000;
const MOST_KNOWN = 16_384;

interface FromFiles {
  readonly names: ContainerNames | undefined;
  readonly patienceMs: number;
  readonly againAt: number;
}

export class NameDirectory {
  readonly #options: NameDirectoryOptions;
  readonly #now: () => number;
  /** What lists said, also of containers that are gone; the longest known go first. */
  readonly #containers = new Map<string, ContainerNames>();
  readonly #pods = new Map<string, ContainerNames>();
  readonly #fromFiles = new Map<string, FromFiles>();
  /** By source. */
  readonly #last = new Map<string, Listing>();
  readonly #answers = new Map<string, string | null>();
  readonly #unnamed = new Set<string>();
  #asking: Promise<void> | undefined;
  #askedAt = -Infinity;
  #patienceMs = AGAIN_MS;
  #generation = 0;

  constructor(options: NameDirectoryOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** undefined: nobody has told yet, or ever will. */
  find(containerId: string | undefined, podUid: string | undefined): ContainerNames | undefined {
    if (containerId === undefined && podUid === undefined) return undefined;
    const names = this.#find(containerId, podUid);
    const key = `${containerId} ${podUid}`;
    if (names !== undefined) this.#unnamed.delete(key);
    else if (this.#unnamed.size < MOST_KNOWN) this.#unnamed.add(key);
    return names;
  }

  /** Another number after every answer of a list. */
  get generation(): number {
    return this.#generation;
  }

  /** Containers and pods that were asked for and have no name yet. */
  get unnamed(): number {
    return this.#unnamed.size;
  }

  #find(containerId: string | undefined, podUid: string | undefined): ContainerNames | undefined {
    const listed = containerId === undefined ? undefined : this.#containers.get(containerId);
    if (listed !== undefined) return listed;
    const { own } = this.#options;
    const pod = podUid === undefined
      ? undefined
      : this.#pods.get(podUid) ?? (own?.podUid === podUid ? own.names : undefined);
    if (containerId === undefined && pod !== undefined) return { ...pod, container: "" };
    const key = `${containerId} ${podUid}`;
    if (!this.#fromFiles.has(key)) this.#patienceMs = AGAIN_MS; // a new one is worth asking for
    if (this.#now() - this.#askedAt >= this.#patienceMs) {
      this.#patienceMs = Math.min(MOST_PATIENCE_MS, 2 * this.#patienceMs);
      void this.refresh();
    }
    const files = this.#files(key, containerId, podUid);
    // The list has the pod, with its service, and not yet this container of it.
    return pod === undefined
      ? files
      : { ...pod, container: files?.container ?? (pod === own?.names ? pod.container : "") };
  }

  /** Asks every source now; one that does not answer leaves what it said before. */
  refresh(): Promise<void> {
    this.#askedAt = this.#now();
    return this.#asking ??= this.#ask().finally(() => this.#asking = undefined);
  }

  /** What each list said last: null is a good answer, else why there is none. Empty before the first. */
  get answers(): ReadonlyMap<string, string | null> {
    return this.#answers;
  }

  async #ask(): Promise<void> {
    const listings = await Promise.all(this.#options.sources.map(async (source) => {
      const listing = await source.list().catch((error: Error) => error.message);
      this.#answers.set(source.name, typeof listing === "string" ? listing : null);
      if (typeof listing !== "string") this.#last.set(source.name, listing);
      return this.#last.get(source.name) ?? NOTHING_LISTED;
    }));
    this.#generation++;
    // The first source has the last word.
    for (const { containers, pods } of listings.reverse()) {
      for (const [id, names] of containers) keep(this.#containers, id, names);
      for (const [uid, names] of pods) keep(this.#pods, uid, names);
    }
  }

  #files(key: string, containerId: string | undefined, podUid: string | undefined): ContainerNames | undefined {
    const held = this.#fromFiles.get(key);
    const now = this.#now();
    if (held !== undefined && (held.names !== undefined || now < held.againAt)) return held.names;
    const names = this.#options.files.find(containerId, podUid);
    const patienceMs = Math.min(MOST_PATIENCE_MS, 2 * (held?.patienceMs ?? AGAIN_MS / 2));
    keep(this.#fromFiles, key, { names, patienceMs, againAt: now + patienceMs });
    return names;
  }
}

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MOST_KNOWN) map.delete(map.keys().next().value!);
}
