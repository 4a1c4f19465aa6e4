/** The official client against gateway and provider: what a stranger's program does with the lab. */
import OpenAI from "openai";
import { assert, assertEquals } from "@std/assert";
import { kernelTest } from "../testing/kernel.ts";
import { startLab } from "./lab.ts";

const messages: { role: "user"; content: string }[] = [{ role: "user", content: "Why is the first token late?" }];

kernelTest("the official openai client lists models, completes and streams, against gateway and provider", async () => {
  await using lab = await startLab({}, () => {});
  for (const url of [lab.gatewayUrl, lab.providerUrl]) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
    const models = (await client.models.list()).data;
    const model = models[0]!.id;

    const whole = await client.chat.completions.create({ model, messages, max_tokens: 8 });
    const text = whole.choices[0]!.message.content ?? "";
    assert(text.length > 0 && (whole.usage?.completion_tokens ?? 9) <= 8, JSON.stringify(whole));

    let streamed = "";
    let usage = 0;
    const options = { stream: true, stream_options: { include_usage: true } } as const;
    for await (const chunk of await client.chat.completions.create({ model, messages, max_tokens: 8, ...options })) {
      streamed += chunk.choices[0]?.delta.content ?? "";
      usage += chunk.usage ? 1 : 0;
    }
    assertEquals([streamed, usage], [text, 1], `${url}: the same words, streamed, and usage once`);

    const refused = await client.chat.completions.create({ model, messages: [] }).catch((error: unknown) => error);
    assert(refused instanceof OpenAI.APIError && refused.status === 400, `${url}: ${refused}`);
  }
});
