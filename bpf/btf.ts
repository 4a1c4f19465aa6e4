/** Reads the BTF section of an ELF object: as much of the format as describing fixed-size C structs and enums needs. */

export interface BtfField {
  readonly name: string;
  /** Bytes from the start of the struct. */
  readonly offset: number;
}

export interface BtfTypes {
  readonly structs: ReadonlyMap<string, { readonly size: number; readonly fields: readonly BtfField[] }>;
  readonly enums: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

const KIND = {
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  funcProto: 13,
  var: 14,
  datasec: 15,
  declTag: 17,
  enum64: 19,
  int: 1,
};

/** Finds one section of a 64-bit little-endian ELF file. Throws when it is not there. */
export function elfSection(file: Uint8Array, wanted: string): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const table = Number(view.getBigUint64(0x28, true));
  const entry = view.getUint16(0x3a, true);
  const count = view.getUint16(0x3c, true);
  const section = (index: number) => {
    const at = table + index * entry;
    return {
      name: view.getUint32(at, true),
      offset: Number(view.getBigUint64(at + 0x18, true)),
      size: Number(view.getBigUint64(at + 0x20, true)),
    };
  };
  const names = section(view.getUint16(0x3e, true));
  for (let i = 0; i < count; i++) {
    const { name, offset, size } = section(i);
    if (cString(file, names.offset + name) === wanted) return file.subarray(offset, offset + size);
  }
  throw new Error(`no section ${wanted}`);
}

function cString(bytes: Uint8Array, at: number): string {
  return new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)));
}

/** All named structs and enums of a BTF section. */
export function parseBtf(section: Uint8Array): BtfTypes {
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  const u32 = (at: number) => view.getUint32(at, true);
  const header = u32(4);
  const types = header + u32(8);
  const end = types + u32(12);
  const strings = header + u32(16);
  const name = (offset: number) => cString(section, strings + offset);

  const structs = new Map<string, { size: number; fields: BtfField[] }>();
  const enums = new Map<string, Map<string, number>>();
  for (let at = types; at < end;) {
    const info = u32(at + 4);
    const kind = (info >>> 24) & 0x1f;
    const members = info & 0xffff;
    const body = at + 12;
    let length = 0;
    if (kind === KIND.struct || kind === KIND.union) {
      const fields: BtfField[] = [];
      for (let i = 0; i < members; i++) {
        fields.push({ name: name(u32(body + i * 12)), offset: (u32(body + i * 12 + 8) & 0xffffff) / 8 });
      }
      structs.set(name(u32(at)), { size: u32(at + 8), fields });
      length = members * 12;
    } else if (kind === KIND.enum) {
      const values = new Map<string, number>();
      for (let i = 0; i < members; i++) values.set(name(u32(body + i * 8)), view.getInt32(body + i * 8 + 4, true));
      enums.set(name(u32(at)), values);
      length = members * 8;
    } else if (kind === KIND.array || kind === KIND.datasec || kind === KIND.enum64) {
      length = 12 * (kind === KIND.array ? 1 : members);
    } else if (kind === KIND.funcProto) {
      length = members * 8;
    } else if (kind === KIND.int || kind === KIND.var || kind === KIND.declTag) {
      length = 4;
    }
    at = body + length;
  }
  return { structs, enums };
}
