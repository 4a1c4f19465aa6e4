/** Folders for the tests of one file. They and what stands beside them under longer names are gone when its tests are over. */
export function testFolders(prefix: string): () => string {
  const parent = Deno.makeTempDirSync({ prefix });
  let made = 0;
  Deno.test.afterAll(() => Deno.removeSync(parent, { recursive: true }));
  return () => {
    const path = `${parent}/${++made}`;
    Deno.mkdirSync(path);
    return path;
  };
}
