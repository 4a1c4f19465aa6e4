import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Corpus } from "./corpus.ts";

Deno.test("Corpus.search is deterministic, sorted, and depends on the query", () => {
  const corpus = new Corpus(7);
  const found = corpus.search("why is the first token slow", 5);
  assertEquals(found, new Corpus(7).search("why is the first token slow", 5));
  assertEquals(found.length, 5);
  assert(found.every((doc, i) => i === 0 || doc.score <= (found[i - 1]?.score ?? 0)));
  assertNotEquals(found.map((doc) => doc.id), corpus.search("another question", 5).map((doc) => doc.id));
});
