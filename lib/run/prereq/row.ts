/** What was looked at, how it stands, and what to do about it. */
export interface Row {
  readonly group: "kernel" | "rights" | "hooks" | "probes" | "host" | "tools";
  readonly check: string;
  /** `degraded`: it works with less. `missing`: something does not work at all. */
  readonly state: "ok" | "degraded" | "missing";
  /** What was found. */
  readonly found: string;
  /** What is not had because of it. Absent when the state is ok. */
  readonly costs?: string;
  /** How to get it; starts with a verb. Absent when the state is ok. */
  readonly get?: string;
}

export function ok(group: Row["group"], check: string, found: string): Row {
  return { group, check, state: "ok", found };
}

/** The release as numbers: `6.18.5-cloud` is [6, 18]. */
export function kernelVersion(release: string): readonly [number, number] {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  return [major, minor];
}

export function atLeast([major, minor]: readonly [number, number], wanted: readonly [number, number]): boolean {
  return major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);
}
