/** For kernel tests: whether a server that says nothing is there yet, without asking it. */

/** Resolves when somebody listens on this TCP port, however long a busy machine takes. @throws Error after 20 s */
export async function listening(port: number, tables: () => Promise<string> = ownTables): Promise<void> {
  const listener = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, "0")} [0-9A-F:]+ 0A `);
  for (let i = 0; i < 400; i++) {
    if (listener.test(await tables())) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`nobody listens on port ${port}`);
}

/** Of this network namespace. */
async function ownTables(): Promise<string> {
  return await Deno.readTextFile("/proc/net/tcp") + await Deno.readTextFile("/proc/net/tcp6");
}
