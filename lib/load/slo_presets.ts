/** Objectives that others publish, as predicates over definition ids. Times in ms; TTFT counts from when a request was due. */

function preset(limits: { readonly ttft?: number; readonly tpot?: number; readonly e2e?: number }): string {
  const terms = [
    limits.ttft === undefined ? [] : [`ttft.content.from_schedule <= ${limits.ttft}ms`],
    limits.tpot === undefined ? [] : [`tpot.decode <= ${limits.tpot}ms`],
    limits.e2e === undefined ? [] : [`e2e.body.from_schedule <= ${limits.e2e}ms`],
  ];
  return ["status == ok", ...terms.flat()].join(" and ");
}

/** GuideLLM's by use, at p99; MLPerf Inference's by model, TTFT and TPOT. */
export const SLO_PRESETS: Readonly<Record<string, string>> = {
  chat: preset({ ttft: 200, tpot: 50 }),
  rag: preset({ ttft: 300, tpot: 100, e2e: 3000 }),
  agentic: preset({ e2e: 5000 }),
  code: preset({ ttft: 500, tpot: 150 }),
  completion: preset({ e2e: 2000 }),
  "llama2-70b": preset({ ttft: 2000, tpot: 200 }),
  "llama2-70b-interactive": preset({ ttft: 450, tpot: 40 }),
  "llama3.1-8b": preset({ ttft: 2000, tpot: 100 }),
  "llama3.1-8b-interactive": preset({ ttft: 500, tpot: 30 }),
  "llama3.1-405b": preset({ ttft: 6000, tpot: 175 }),
  "llama3.1-405b-interactive": preset({ ttft: 4500, tpot: 80 }),
  "deepseek-r1": preset({ ttft: 2000, tpot: 80 }),
  "deepseek-r1-interactive": preset({ ttft: 1500, tpot: 15 }),
  "gpt-oss-120b": preset({ ttft: 3000, tpot: 80 }),
  "gpt-oss-120b-interactive": preset({ ttft: 2000, tpot: 20 }),
  mixtral: preset({ ttft: 2000, tpot: 200 }),
};
