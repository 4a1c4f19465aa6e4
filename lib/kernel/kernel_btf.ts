/** What the running kernel's BTF says about its hooks and its structs. */
import { cString, libbpf, readCString } from "./libbpf.ts";

const KIND_STRUCT = 4;
const KIND_TYPEDEF = 8;
const KIND_FUNC = 12;
const KIND_FUNC_PROTO = 13;
/** struct btf_type: name_off, info, size or type; struct btf_member: name_off, type, offset. Words of 32 bits. */
const TYPE_WORDS = 3;
const MEMBER_WORDS = 3;

/** Where something of this name stands in BTF, with the words behind it. */
class Type {
  readonly #words: Deno.UnsafePointerView;

  constructor(readonly btf: Deno.PointerObject, pointer: Deno.PointerObject) {
    this.#words = new Deno.UnsafePointerView(pointer);
  }

  word(i: number): number {
    return this.#words.getUint32(4 * i);
  }

  get kind(): number {
    return this.word(1) >>> 24 & 0x1f;
  }

  /** Members of a struct, parameters of a function. */
  get length(): number {
    return this.word(1) & 0xffff;
  }

  /** What a typedef or a pointer points to. */
  target(): Type | null {
    return byId(this.btf, this.word(2));
  }

  memberName(i: number): string {
    return readCString(libbpf().btf__name_by_offset(this.btf, this.word(TYPE_WORDS + MEMBER_WORDS * i)));
  }
}

function byId(btf: Deno.PointerObject, id: number): Type | null {
  const pointer = libbpf().btf__type_by_id(btf, id);
  return pointer === null ? null : new Type(btf, pointer);
}

function find(btf: Deno.PointerObject, name: string, kind: number): Type | null {
  const id = libbpf().btf__find_by_name_kind(btf, cString(name), kind);
  return id > 0 ? byId(btf, id) : null;
}

/** Calls `ask` with the kernel's BTF; null when it has none. */
function withBtf<T>(ask: (btf: Deno.PointerObject) => T): T | null {
  const btf = libbpf().btf__load_vmlinux_btf();
  if (btf === null) return null;
  try {
    return ask(btf);
  } finally {
    libbpf().btf__free(btf);
  }
}

/**
 * Which of these tracepoints and, as `fexit/NAME`, functions the kernel has, and how many arguments each has; null when it has no BTF at
 * all. Whether functions may be traced is not said here.
 */
export function presentHooks(names: readonly string[]): ReadonlyMap<string, number> | null {
  return withBtf((btf) => {
    const found = new Map<string, number>();
    for (const name of new Set(names)) {
      const called = name.startsWith("fexit/") ? find(btf, name.slice("fexit/".length), KIND_FUNC)?.target() : null;
      if (called?.kind === KIND_FUNC_PROTO) found.set(name, called.length);
      // typedef void (*btf_trace_NAME)(void *, arguments ...)
      const proto = find(btf, `btf_trace_${name}`, KIND_TYPEDEF)?.target()?.target();
      if (proto?.kind === KIND_FUNC_PROTO) found.set(name, proto.length - 1);
    }
    return found;
  });
}

/** Whether the kernel's struct has this member; false also without BTF. */
export function hasMember(struct: string, member: string): boolean {
  return withBtf((btf) => {
    const type = find(btf, struct, KIND_STRUCT);
    for (let i = 0; type !== null && i < type.length; i++) if (type.memberName(i) === member) return true;
    return false;
  }) ?? false;
}
