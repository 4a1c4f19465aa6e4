/** Records by resource and scope, as OTLP nests them. */
import type { Attributes, Origin, ResourceDetails, ScopeDetails } from "../model/span.ts";

export interface ScopeGroup<T> {
  readonly name: string;
  readonly details: ScopeDetails;
  readonly records: readonly T[];
}

export interface ResourceGroup<T> {
  readonly resource: Attributes;
  readonly details: ResourceDetails;
  readonly scopes: readonly ScopeGroup<T>[];
}

/** Records that share the resource object share a group; equal resources from different requests stay apart. */
export function groupRecords<T extends Origin>(records: Iterable<T>): ResourceGroup<T>[] {
  const groups = new Map<Attributes, T[]>();
  for (const record of records) push(groups, record.resource, record);
  return [...groups].map(([resource, members]) => {
    const scopes = new Map<ScopeDetails | string, T[]>();
    for (const record of members) push(scopes, record.scopeDetails ?? record.scope, record);
    return {
      resource,
      details: members[0]!.resourceDetails ?? {},
      scopes: [...scopes.values()].map((records) => {
        const { scope, scopeDetails } = records[0]!;
        return { name: scope, details: scopeDetails ?? {}, records };
      }),
    };
  });
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** How an attribute number leaves: as int64 when it is a whole number it can hold, else as double (-0 included). */
export function isInt64(value: number | bigint): boolean {
  if (typeof value === "bigint") return value === BigInt.asIntN(64, value);
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}
