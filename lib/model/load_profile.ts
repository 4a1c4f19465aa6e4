/** Load profiles by name: how many requests a second, and how long they and their answers are. */

export interface LoadProfile {
  readonly requestsPerSecond: number;
  /** Kinds of request and their weights; tokens are approximate, a word each. */
  readonly requests: readonly { readonly weight: number; readonly inputTokens: number; readonly maxTokens: number }[];
}

export const LOAD_PROFILES = {
  chat_short: { requestsPerSecond: 10, requests: [{ weight: 1, inputTokens: 32, maxTokens: 32 }] },
  rag_medium: { requestsPerSecond: 10, requests: [{ weight: 1, inputTokens: 256, maxTokens: 64 }] },
  context_long: { requestsPerSecond: 2, requests: [{ weight: 1, inputTokens: 2048, maxTokens: 64 }] },
  rag_mixed_20rps: {
    requestsPerSecond: 20,
    requests: [
      { weight: 5, inputTokens: 32, maxTokens: 16 },
      { weight: 4, inputTokens: 256, maxTokens: 32 },
      { weight: 1, inputTokens: 1024, maxTokens: 32 },
    ],
  },
} as const satisfies Record<string, LoadProfile>;

export type LoadProfileName = keyof typeof LOAD_PROFILES;
