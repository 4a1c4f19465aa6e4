/** The gateway's own work between retrieval and the model: tokenise, score, assemble the prompt. */
import type { ChatMessage } from "./chat_request.ts";
import type { Document } from "./corpus.ts";
import { tokenise } from "./seeded.ts";
import type { CpuWork } from "./work.ts";

/** CPU time of the whole scoring, in ms of an undisturbed CPU: what a small reranking model would take. */
const SCORING_MS = 10;
/** How many passages the model is shown. */
const KEEP = 3;

/** The last thing the user said; what retrieval is asked for. */
export function queryOf(messages: readonly ChatMessage[]): string {
  return messages.findLast((message) => message.role === "user")?.content ?? messages.at(-1)?.content ?? "";
}

/** Puts the passages that fit the question best in front of the conversation. Holds the event loop while it works. */
export function assemblePrompt(
  work: CpuWork,
  messages: readonly ChatMessage[],
  documents: readonly Document[],
): ChatMessage[] {
  const asked = new Set(tokenise(queryOf(messages)));
  const scored = documents.map((document) => {
    work.run(SCORING_MS / documents.length);
    const tokens = tokenise(document.text);
    const overlap = tokens.filter((token) => asked.has(token)).length / Math.max(1, tokens.length);
    return { document, score: document.score + overlap };
  });
  scored.sort((a, b) => b.score - a.score || a.document.id.localeCompare(b.document.id));
  const context = scored.slice(0, KEEP).map(({ document }) => `[${document.id}] ${document.text}`).join("\n");
  return [{ role: "system", content: `Answer from these passages.\n${context}` }, ...messages];
}
