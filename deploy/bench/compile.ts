/** What the benchmark needs and the tool does not, compiled when it is run: the filler (BPF), and the reader and the victim in C. */
import { exec } from "../../lib/host/exec.ts";

const HERE = new URL("./", import.meta.url).pathname;

/** Bytes of the program that fills a ring of `ringBytes`. @throws UnsupportedError without clang. */
export async function compileFiller(folder: string, ringBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const object = `${folder}/fill-${ringBytes}.bpf.o`;
  const include = `-I/usr/include/${Deno.build.arch}-linux-gnu`;
  const flags = ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Werror", `-DRING_BYTES=${ringBytes}`, include];
  await exec("clang", ...flags, "-c", `${HERE}fill.bpf.c`, "-o", object);
  return await Deno.readFile(object);
}

/** Path of the reader. @throws UnsupportedError without a C compiler; IoError without libbpf's headers. */
export async function compileReader(folder: string): Promise<string> {
  const program = `${folder}/reader`;
  await exec("cc", "-O2", "-Wall", "-Werror", `${HERE}reader.c`, "-o", program, "-lbpf");
  return program;
}

/** Path of the program that is slowed down. @throws UnsupportedError without a C compiler. */
export async function compileVictim(folder: string): Promise<string> {
  const program = `${folder}/victim`;
  await exec("cc", "-O2", "-Wall", "-Werror", "-D_GNU_SOURCE", `${HERE}victim.c`, "-o", program);
  return program;
}
