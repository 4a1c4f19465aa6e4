/** A tar archive of small files, in the ustar format every tar reads (POSIX.1-1988). Pure. */

export interface TarFile {
  /** At most 100 bytes. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

const BLOCK = 512;
/** Offsets of struct posix_header. */
const AT = { name: 0, mode: 100, uid: 108, gid: 116, size: 124, mtime: 136, checksum: 148, type: 156, magic: 257 };

/** `mtime` is in seconds since 1970. */
export function tar(files: readonly TarFile[], mtime: number): Uint8Array<ArrayBuffer> {
  const rounded = (size: number) => Math.ceil(size / BLOCK) * BLOCK;
  const total = files.reduce((sum, { bytes }) => sum + BLOCK + rounded(bytes.length), 2 * BLOCK);
  const archive = new Uint8Array(total);
  let at = 0;
  for (const { path, bytes } of files) {
    archive.set(header(path, bytes.length, mtime), at);
    archive.set(bytes, at + BLOCK);
    at += BLOCK + rounded(bytes.length);
  }
  return archive;
}

function header(path: string, size: number, mtime: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(new TextEncoder().encode(text), at);
  const octal = (at: number, digits: number, value: number) => put(at, value.toString(8).padStart(digits, "0"));
  if (new TextEncoder().encode(path).length > AT.mode) throw new RangeError(`"${path}" is too long for a tar header`);
  put(AT.name, path);
  octal(AT.mode, 7, 0o600);
  octal(AT.uid, 7, 0);
  octal(AT.gid, 7, 0);
  octal(AT.size, 11, size);
  octal(AT.mtime, 11, mtime);
  put(AT.type, "0");
  put(AT.magic, "ustar\0" + "00");
  // The checksum is counted with its own field full of spaces.
  put(AT.checksum, "        ");
  octal(AT.checksum, 6, block.reduce((sum, byte) => sum + byte, 0));
  block[AT.checksum + 6] = 0;
  return block;
}
