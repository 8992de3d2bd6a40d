// Run all scenarios of the official Node.js client against one URL, and print the outcome
// of each as JSON: node scenarios.mjs URL CHUNKS.
import OpenAI from "openai";

const [url, pieces] = process.argv.slice(2);
const client = new OpenAI({
  baseURL: `${url}/v1`,
  apiKey: "sk-client",
  maxRetries: 0,
  defaultHeaders: { "x-stub-pieces": pieces },
});

const system = { role: "system", content: "Name the department." };
const chat = (text, more = {}) => ({
  model: "m",
  messages: [system, { role: "user", content: text }],
  ...more,
});
const names = ["route", "note"];
const tools = names.map((name) => ({
  type: "function",
  function: { name, parameters: { type: "object" } },
}));
const flatTools = tools.map((tool) => ({ type: "function", ...tool.function }));
const calls = 'call route {"to": "billing", "urgent": true}\ncall note {"text": "ü"}';
const respond = (text, more = {}) => ({ model: "m", input: text, store: false, ...more });

async function all(stream) {
  const events = [];
  for await (const event of await stream) events.push(event);
  return events;
}

const create = (text, more) => client.chat.completions.create(chat(text, more));
const helper = async (text, more) => {
  const stream = client.chat.completions.stream(chat(text, more));
  const kinds = [];
  for await (const chunk of stream) kinds.push(chunk.object);
  return [kinds, await stream.finalChatCompletion()];
};

const answered = {
  "chat": () => create("Refund my order"),
  "chat, stream": () => all(create("say Billing, refunds", { stream: true })),
  "chat, stream with usage": () =>
    all(create("say Billing", { stream: true, stream_options: { include_usage: true } })),
  "chat, stream helper": () => helper("say Billing, refunds"),
  "chat, parallel tools": () => create(calls, { tools }),
  "chat, stream of tools": () => all(create(calls, { tools, stream: true })),
  "chat, stream helper of tools": () => helper(calls, { tools }),
  "chat, JSON mode": () =>
    create('say {"a":1}', { response_format: { type: "json_object" } }),
  "responses": () => client.responses.create(respond("Refund my order")),
  "responses, stream": () =>
    all(client.responses.create(respond("say Billing, refunds", { stream: true }))),
  "responses, tools": () => client.responses.create(respond(calls, { tools: flatTools })),
  "responses, stream of tools": () =>
    all(client.responses.create(respond(calls, { tools: flatTools, stream: true }))),
  "completions": () => client.completions.create({ model: "m", prompt: "Refund" }),
  "completions, stream": () =>
    all(client.completions.create({ model: "m", prompt: "Refund", stream: true })),
};

const deferred = {
  "chat, n": () => create("Refund", { n: 2 }),
  "chat, logprobs": () => create("Refund", { logprobs: true }),
  "responses, stored": () => client.responses.create(respond("Refund", { store: true })),
  "models": () => all(client.models.list()),
  "embeddings": () =>
    client.embeddings.create({ model: "e", input: "a", encoding_format: "float" }),
  "400": () => create("fail 400"),
  "401": () => create("fail 401"),
  "429": () => create("fail 429"),
  "500": () => create("fail 500"),
  "stream, 429": () => all(create("fail 429", { stream: true })),
  "stream lost midway": () => all(create("fail midway", { stream: true })),
  "malformed answer": () => create("fail garbled"),
  "timeout": () =>
    client.chat.completions.create(chat("fail slowly"), { timeout: 300 }),
};

async function outcome(scenario) {
  try {
    return { result: await scenario() };
  } catch (error) {
    const { status, code, param, type, message } = error;
    return { error: error.constructor.name, status, code, param, type, message };
  }
}

const found = {};
for (const [name, scenario] of Object.entries({ ...answered, ...deferred })) {
  found[name] = await outcome(scenario);
}
const deferredNames = Object.keys(deferred);
process.stdout.write(JSON.stringify({ found, deferred: deferredNames }));
process.exit(0);
