import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { counterProblem, increaseOver, parseSelector, promqlProblem, selectorText } from "./promql.ts";

Deno.test("selectors are read and written again", () => {
  const rows: [string, string | null][] = [
    ["up", "up"],
    ["  up {} ", "up"],
    ["a_total{ code =~ \"2..|3..\" , job!='x',}", 'a_total{code=~"2..|3..",job!="x"}'],
    ['{__name__="a_total",b="c"}', 'a_total{b="c"}'],
    ["vllm:e2e_request_latency_seconds_count", "vllm:e2e_request_latency_seconds_count"],
    ['x{a="q\\"\\\\\\n"}', 'x{a="q\\"\\\\\\n"}'],
    ["x{a=`\\d+`}", 'x{a="\\\\d+"}'],
    ['{"gen_ai.server.request.duration_bucket",le="1"}', '{"gen_ai.server.request.duration_bucket",le="1"}'],
    ["x[5m]", null],
    ["sum(x)", null],
    ["x offset 5m", null],
    ["x{a=}", null],
    ["", null],
    ['{a="b"}', null],
  ];
  for (const [text, expected] of rows) {
    const selector = parseSelector(text);
    assertEquals(selector === null ? null : selectorText(selector), expected, text);
  }
});

Deno.test("a counter becomes the number of events in a window", () => {
  assertEquals(increaseOver('a_total{b="c"}', "5m"), 'sum(increase(a_total{b="c"}[5m]))');
  for (const spelling of ["[$window]", "[{{.window}}]", "[{{ .window }}]", "[${window}]"]) {
    assertEquals(
      increaseOver(`sum(rate(a${spelling})) - sum(rate(b_rate{rate="rate"}${spelling}))`, "1h"),
      [
        "sum(increase(a[1h]))",
        'sum(increase(b_rate{rate="rate"}[1h]))',
      ].join(" - "),
    );
  }
  const rows: [string, string | null][] = [
    ["a_total", null],
    ["sum(increase(a[$window]))", null],
    ["a_total[5m]", "neither a selector nor an expression"],
    ["sum(rate(a[5m]))", "neither"],
    ["sum(rate(a[$window])", "no PromQL at character"],
    ["a_total{", "no PromQL"],
    ["", "no PromQL"],
  ];
  for (const [counter, state] of rows) {
    const problem = counterProblem(counter);
    if (state === null) assertEquals(problem, null, counter);
    else {
      assert(problem !== null, counter);
      assertStringIncludes(problem.state, state, counter);
    }
  }
  assertEquals(promqlProblem("1 +"), "it is no PromQL at character 4");
});
