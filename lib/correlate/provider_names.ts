/** Names under which well-known model providers offer their APIs. Whoever looks one of them up asks a provider. */

const EXACT = new Set([
  "api.openai.com",
  "api.anthropic.com",
  "api.mistral.ai",
  "api.cohere.com",
  "api.cohere.ai",
  "api.groq.com",
  "api.together.xyz",
  "api.together.ai",
  "api.fireworks.ai",
  "api.deepseek.com",
  "api.perplexity.ai",
  "api.x.ai",
  "api.cerebras.ai",
  "openrouter.ai",
  "router.huggingface.co",
  "generativelanguage.googleapis.com",
]);

/** Regional and per-customer names. */
const PATTERNS = [
  /\.openai\.azure\.com$/,
  /\.services\.ai\.azure\.com$/,
  /^([a-z0-9-]+-)?aiplatform\.googleapis\.com$/,
  /^bedrock-runtime(-fips)?\.[a-z0-9-]+\.amazonaws\.com$/,
];

export function isProviderName(name: string): boolean {
  const lower = name.toLowerCase().replace(/\.$/, "");
  return EXACT.has(lower) || PATTERNS.some((pattern) => pattern.test(lower));
}
