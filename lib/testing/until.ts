/** Waits for something that another part of the program does. */
export async function until(done: () => boolean, what: string, limitMs = 10_000): Promise<void> {
  for (const deadline = Date.now() + limitMs; !done();) {
    if (Date.now() > deadline) throw new Error(`still waiting after ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
