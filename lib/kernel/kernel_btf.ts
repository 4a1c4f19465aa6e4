/** What the running kernel's BTF says about its hooks. */
import { cString, libbpf } from "./libbpf.ts";

const BTF_KIND_TYPEDEF = 8;

/** Which of these tracepoints the kernel has; null when it has no BTF at all. */
export function presentTracepoints(names: readonly string[]): ReadonlySet<string> | null {
  const btf = libbpf().btf__load_vmlinux_btf();
  if (btf === null) return null;
  const found = names.filter((name) =>
    libbpf().btf__find_by_name_kind(btf, cString(`btf_trace_${name}`), BTF_KIND_TYPEDEF) > 0
  );
  libbpf().btf__free(btf);
  return new Set(found);
}
