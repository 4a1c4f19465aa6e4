/** The compiled probes as files: in the tree and in the binary they lie in the same place beside the code. */

const FOLDER = new URL("../../bpf/out/", import.meta.url);

export interface BpfFile {
  /** `dns_latency`. */
  readonly probe: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** In the order of their names; none when they are not built. */
export function bpfFiles(): BpfFile[] {
  const names: string[] = [];
  try {
    for (const { name } of Deno.readDirSync(FOLDER)) if (name.endsWith(".bpf.o")) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort().map((name) => ({
    probe: name.slice(0, -".bpf.o".length),
    bytes: Deno.readFileSync(new URL(name, FOLDER)),
  }));
}
