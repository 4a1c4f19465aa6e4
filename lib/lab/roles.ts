/** The four processes of the lab, and what each is told when it starts. */

export const ROLES = ["resolver", "provider", "retrieval", "gateway"] as const;
/** In the order they are started: each needs only what stands before it. */
export type Role = typeof ROLES[number];

/** Host part of each role's address in the lab's /24; the host itself is 1. */
export const HOST_OCTET = 1;
export const OCTET: Readonly<Record<Role, number>> = { gateway: 2, retrieval: 3, provider: 4, resolver: 5 };

export const PROVIDER_NAME = "provider.lab.internal";
export const RETRIEVAL_NAME = "retrieval.lab.internal";
/** What retrieval searches in; also the span attribute gen_ai.data_source.id. */
export const DATA_SOURCE = "lab-corpus";
export const DEFAULT_MODEL = "lab-small";

interface Listen {
  readonly ip: string;
  readonly port: number;
}

interface Traced {
  /** Full URL of an OTLP/HTTP traces endpoint; absent: spans are made, to propagate their ids, and not exported. */
  readonly otlpTracesUrl?: string;
}

export interface GatewayConfig extends Listen, Traced {
  readonly providerPort: number;
  readonly retrievalPort: number;
  /** PEM file of the one CA the provider's certificate may come from; with it the provider is called over TLS. */
  readonly caFile?: string;
  /** The tool `echo` answers by itself. */
  readonly bypassLlm?: boolean;
  /** Longest a tool may take, in ms; 30 000. */
  readonly deadlineMs?: number;
  /** As an application without OpenTelemetry: callees are sent no traceparent. */
  readonly uninstrumented?: boolean;
  /** Where the callees are when there is no resolver that knows the lab's names; for tests. */
  readonly hosts?: { readonly provider: string; readonly retrieval: string };
}

export interface SeededConfig extends Listen, Traced {
  readonly seed: number;
}

export interface ProviderConfig extends SeededConfig {
  readonly controlPort: number;
  /** PEM files; absent: plain HTTP. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

export interface ResolverConfig extends Listen {
  /** A second port to answer DNS on, for other clients; the lab's own always ask port 53. */
  readonly extraPort?: number;
  readonly controlPort: number;
  /** Host name to IPv4 address. */
  readonly names: Readonly<Record<string, string>>;
}

export interface RoleConfigs {
  readonly gateway: GatewayConfig;
  readonly retrieval: SeededConfig;
  readonly provider: ProviderConfig;
  readonly resolver: ResolverConfig;
}
