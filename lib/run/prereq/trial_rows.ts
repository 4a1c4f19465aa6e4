/** What came of trying every program, as rows: one a hook kind, one a probe, one for the ring. */
import { PROBES } from "../../kernel/probes.ts";
import { ok, type Row } from "./row.ts";
import { NO_BTF, type Trial, type Tried } from "./programs.ts";

/** How a hook kind is called and what it is for. */
const KINDS: Readonly<Record<string, string>> = {
  tp_btf: "tracepoints with types",
  raw_tp: "raw tracepoints",
  cgroup_skb: "packets of a cgroup",
  cgroup: "sockets of a cgroup",
  fentry: "entries of kernel functions",
  fexit: "exits of kernel functions",
  kprobe: "kernel probes",
  uprobe: "probes in programs",
  tracepoint: "tracepoints",
  sockops: "TCP states of a cgroup",
};

/** What would help against what the kernel said. */
function remedy(refused: readonly Tried[]): string {
  if (refused.every(({ refusal }) => /\bE(PERM|ACCES)\b/.test(refusal ?? ""))) return "Get the rights named above";
  if (refused.every(({ refusal }) => refusal === NO_BTF)) return "Boot a kernel built with CONFIG_DEBUG_INFO_BTF=y";
  return "Boot a newer kernel, or report the refusal: this probe was written for kernels since 5.8";
}

export function trialRows({ programs, plain, ring }: Trial): Row[] {
  return [...hookRows(programs), ringRow(ring), ...probeRows(programs, plain)];
}

function hookRows(programs: readonly Tried[]): Row[] {
  const kinds = [...new Set(programs.map(({ hook }) => hook.split("/")[0]!))].sort();
  return kinds.map((kind) => {
    const tried = programs.filter(({ hook }) => hook.split("/")[0] === kind);
    const refused = tried.filter(({ refusal }) => refusal !== null);
    const check = `${kind}: ${KINDS[kind] ?? "hook"}`;
    const found = `${tried.length - refused.length} of ${tried.length} programs load and attach`;
    if (refused.length === 0) return ok("hooks", check, found);
    const probes = [...new Set(refused.map(({ probe }) => probe))].join(", ");
    return {
      group: "hooks",
      check,
      state: refused.length === tried.length ? "missing" : "degraded",
      found: `${found}; ${refused[0]!.refusal}`,
      costs: `programs of ${probes}`,
      get: remedy(refused),
    };
  });
}

function ringRow(ring: Trial["ring"]): Row {
  if (typeof ring === "number") return ok("hooks", "ring buffer", `${ring / 2 ** 20} MiB made and mapped`);
  return {
    group: "hooks",
    check: "ring buffer",
    state: "missing",
    found: ring ?? "no probe loaded, so there was none to map",
    costs: "every event",
    get: ring === null ? "Get a probe to load first: see above" : "Raise the limit on locked memory: ulimit -l",
  };
}

function probeRows(programs: readonly Tried[], plainForms: readonly string[]): Row[] {
  return PROBES.map(({ probe, costs, plain }): Row => {
    const own = programs.filter((tried) => tried.probe === probe);
    const refused = own.filter(({ refusal }) => refusal !== null);
    const found = `${own.length - refused.length} of ${own.length} programs`;
    if (own.length === 0) {
      const get = "Build the BPF objects: make setup, or deno task bpf";
      return { group: "probes", check: probe, state: "missing", found: "not built", costs, get };
    }
    if (refused.length === 0) return ok("probes", probe, found);
    const needed = refused.find(({ optional }) => !optional);
    const { program, refusal } = needed ?? refused[0]!;
    if (plain !== undefined && plainForms.includes(probe)) {
      const how = `${program}: ${refusal}; its plain form attaches`;
      return { group: "probes", check: probe, state: "degraded", found: how, costs: plain.loses, get: remedy(refused) };
    }
    return {
      group: "probes",
      check: probe,
      state: needed === undefined ? "degraded" : "missing",
      found: `${found}; ${program}: ${refusal}`,
      costs: needed === undefined ? `a part of: ${costs}` : costs,
      get: remedy(refused),
    };
  });
}
