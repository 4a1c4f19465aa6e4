import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import { makeCertificates } from "../testing/certificates.ts";
import { rawServer } from "../testing/raw_server.ts";
import { missingTool, testUnless } from "../testing/unless.ts";
import { type Answer, openPoster } from "./poster.ts";

const BODY = new TextEncoder().encode("hello");
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

async function ask(url: string, options: { timeoutMs?: number; caFile?: string } = {}): Promise<Answer> {
  using poster = openPoster({ url, timeoutMs: 2_000, ...options });
  return await poster.post(BODY);
}

const failure = (answer: Answer) => answer.kind === "failure" ? answer.failure : `answered ${answer.status}`;

Deno.test("an answer comes with its status, its body, and what it asks for", async () => {
  await using server = await rawServer(async (write) => {
    await write("HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Type: text/plain\r\ncontent-length: 4\r\n\r\nwait");
    return "keep";
  });
  const answer = await ask(`http://127.0.0.1:${server.port}/v1/traces`);
  assertEquals(answer, {
    kind: "answer",
    status: 429,
    retryAfterMs: 3_000,
    contentType: "text/plain",
    body: new TextEncoder().encode("wait"),
  });
  assertStringIncludes(server.heads[0]!, "POST /v1/traces HTTP/1.1");
});

Deno.test("each way of not answering has its name", async () => {
  const port = free();
  assertEquals(failure(await ask(`http://127.0.0.1:${port}/`)), "refused");
  assertEquals(failure(await ask("http://nowhere.invalid/")), "name");
  await using cut = await rawServer(() => Promise.resolve("close"));
  assertEquals(failure(await ask(`http://127.0.0.1:${cut.port}/`)), "closed");
  await using reset = await rawServer(() => Promise.resolve("reset"));
  assertEquals(failure(await ask(`http://127.0.0.1:${reset.port}/`)), "closed");
  await using half = await rawServer(async (write) => {
    await write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
    return "close";
  });
  assertEquals(failure(await ask(`http://127.0.0.1:${half.port}/`)), "closed");
});

Deno.test("patience ends: with no head, and with a body that drips", async () => {
  await using silent = await rawServer(() => Promise.resolve("keep"));
  assertEquals(failure(await ask(`http://127.0.0.1:${silent.port}/`, { timeoutMs: 150 })), "timeout");
  await using slow = await rawServer(async (write) => {
    await write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nh");
    return "keep";
  });
  assertEquals(failure(await ask(`http://127.0.0.1:${slow.port}/`, { timeoutMs: 150 })), "timeout");
});

Deno.test("an endless answer is not read to its end", async () => {
  await using server = await rawServer(async (write) => {
    await write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    for (let i = 0; i < 1_000; i++) await write(chunk);
    return "close";
  });
  assertEquals(failure(await ask(`http://127.0.0.1:${server.port}/`, { timeoutMs: 10_000 })), "too_large");
});

Deno.test("a redirect is an answer, and is not followed", async () => {
  await using server = await rawServer(async (write) => {
    await write("HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n");
    return "keep";
  });
  const answer = await ask(`http://127.0.0.1:${server.port}/`);
  assertEquals([answer.kind === "answer" && answer.status, server.heads.length], [307, 1]);
});

Deno.test("a password of the URL travels as a header, and is in no message", async () => {
  await using server = await rawServer(async (write) => {
    await write(OK);
    return "close";
  });
  using poster = openPoster({ url: `http://me:p%40ss@127.0.0.1:${server.port}/in?key=hush`, timeoutMs: 2_000 });
  await poster.post(BODY);
  assertEquals(poster.shown, `http://127.0.0.1:${server.port}`);
  assertStringIncludes(server.heads[0]!.toLowerCase(), `authorization: basic ${btoa("me:p@ss")}`.toLowerCase());
  assertStringIncludes(server.heads[0]!, "POST /in?key=hush");
  const error = assertThrows(() => openPoster({ url: "ftp://me:hush@host/", timeoutMs: 1 }), UsageError);
  assertEquals(error.message.includes("hush"), false);
});

testUnless(await missingTool("openssl", "apt-get install openssl"), "TLS: trusted by a file only", async () => {
  using certificates = await makeCertificates(["server"]);
  const { cert, key } = certificates.of("server");
  const files = { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) };
  await using server = await rawServer(async (write) => {
    await write(OK);
    return "close";
  }, files);
  const url = `https://127.0.0.1:${server.port}/`;
  assertEquals(failure(await ask(url)), "tls");
  assertEquals(failure(await ask(url, { caFile: certificates.ca })), "answered 200");
  using plain = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = plain.accept().then(async (connection) => {
    await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"));
    await connection.read(new Uint8Array(4096));
    connection.close();
  });
  assertEquals(failure(await ask(`https://127.0.0.1:${(plain.addr as Deno.NetAddr).port}/`)), "tls");
  await answering;
});

/** A port nobody listens on. */
function free(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
