import { describe, expect, it } from "vitest";

import { curlOf, fieldsOf, operationsOf, paragraphs, typeOf, type OpenApi, type Schema } from "./openapi.ts";

const API: OpenApi = {
  info: { title: "Studio", version: "1" },
  paths: {
    "/api/jobs": {
      post: {
        operationId: "create",
        tags: ["jobs"],
        description: "Queues\na job.\n\nAnd more.",
        requestBody: { content: { "multipart/form-data": { schema: { $ref: "#/components/schemas/Body_create" } } } },
        responses: {
          202: { description: "ok", content: { "application/json": { schema: { $ref: "#/components/schemas/Job" } } } },
          507: { description: "Full" },
          400: { description: "Bad" },
        },
      },
    },
    "/api/jobs/{id}": {
      delete: { operationId: "drop", responses: { 204: { description: "ok" } } },
      get: {
        operationId: "picture",
        parameters: [{ name: "size", in: "query", schema: { type: "integer", minimum: 1, default: 5 } }],
        responses: { 200: { description: "ok", content: { "image/png": {}, "image/jpeg": {} } } },
      },
    },
  },
  components: {
    schemas: {
      Body_create: {
        properties: { content: { anyOf: [{ type: "string", contentMediaType: "a/b" }, { type: "null" }] } },
      },
    },
  },
};

describe("types", () => {
  it.each<[Schema | undefined, string]>([
    [undefined, "any"],
    [{ type: "integer", minimum: 1, maximum: 200 }, "integer, 1 to 200"],
    [{ type: "integer", minimum: 1, maximum: 2 ** 62 }, "integer, at least 1"],
    [{ type: "string", maxLength: 40 }, "string, at most 40 characters"],
    [{ enum: ["json", "csv"] }, '"json" or "csv"'],
    [{ const: "ok" }, '"ok"'],
    [{ anyOf: [{ type: "number" }, { type: "null" }] }, "number or null"],
    [{ type: "array", items: { $ref: "#/components/schemas/Job" } }, "array of <Job>"],
    [{ type: "array", prefixItems: [{ type: "integer" }, { type: "number" }] }, "[integer, number]"],
    [{ type: "object", additionalProperties: { type: "string" } }, "object of string"],
    [{ type: "string", contentMediaType: "application/octet-stream" }, "file"],
  ])("%j", (schema, written) => {
    expect(typeOf(schema).map((part) => (typeof part === "string" ? part : `<${part.schema}>`)).join("")).toBe(written);
  });

  it("lists defaults, except empty ones", () => {
    const schema: Schema = { required: ["a"], properties: { a: { type: "string" }, b: { type: "integer", default: 3 } } };
    expect(fieldsOf(schema).map(({ name, required, type }) => [name, required, type.join("")])).toEqual([
      ["a", true, "string"],
      ["b", false, "integer, default 3"],
    ]);
  });
});

describe("operations", () => {
  const [create, drop, picture] = operationsOf(API);

  it("lists the body, the response and the errors in order", () => {
    expect(create).toMatchObject({ method: "POST", tag: "jobs", about: ["Queues a job.", "And more."], status: "202" });
    expect(create!.fields.map(({ name, where }) => [name, where])).toEqual([["content", "body"]]);
    expect(create!.fields[0]!.type).toEqual(["file"]);
    expect(create!.answers).toEqual([{ media: "application/json", type: [{ schema: "Job" }] }]);
    expect(create!.errors.map(({ status }) => status)).toEqual(["400", "507"]);
  });

  it("have an example request", () => {
    expect(curlOf(create!, "http://x")).toBe("curl -F content=@FILE -F style_name=ink http://x/api/jobs");
    expect(curlOf(drop!, "http://x")).toBe("curl -X DELETE http://x/api/jobs/ID");
    expect(curlOf(picture!, "http://x")).toBe("curl -o FILE http://x/api/jobs/ID");
  });
});

it("joins the lines of a paragraph", () => {
  expect(paragraphs("a\nb\n\n c")).toEqual(["a b", "c"]);
});
