/** curl under a name that nobody else on the machine runs, so that a test sees its own processes and no others. */

export interface OwnCurl extends AsyncDisposable {
  readonly path: string;
  /** As the kernel knows it. */
  readonly comm: string;
}

export async function ownCurl(): Promise<OwnCurl> {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-curl-" });
  const comm = `curl-${Deno.pid}-${folder.slice(-2)}`;
  const path = `${folder}/${comm}`;
  await Deno.copyFile("/usr/bin/curl", path);
  return { path, comm, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}
