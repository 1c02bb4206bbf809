/** Reads an OpenAPI description, as far as FastAPI uses the format. */

export interface Schema {
  $ref?: string;
  type?: string;
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema | boolean;
  prefixItems?: Schema[];
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  contentMediaType?: string;
}

interface Media {
  schema?: Schema;
}

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

interface Answer {
  description: string;
  content?: Record<string, Media>;
}

interface Described {
  operationId: string;
  tags?: string[];
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Answer>;
}

export interface OpenApi {
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, Described>>;
  components?: { schemas?: Record<string, Schema> };
}

export interface Field {
  name: string;
  /** `path`, `query`, `header` or `body`; `schema` for a field of a schema. */
  where: string;
  required: boolean;
  type: Type[];
  about: string;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  tag: string;
  /** The description, by paragraph. */
  about: string[];
  fields: Field[];
  /** The media type of the request body; "" if there is none. */
  body: string;
  /** The status of a successful response, and its types by media type. */
  status: string;
  answers: { media: string; type: Type[] }[];
  errors: { status: string; about: string }[];
}

/** Part of a type: text or the name of a schema. */
export type Type = string | { schema: string };

const nameOf = (ref: string) => ref.slice(ref.lastIndexOf("/") + 1);

/** A type in words, such as `integer, 1 to 200` or `array of Job`. */
export function typeOf(schema: Schema | undefined): Type[] {
  if (!schema) return ["any"];
  if (schema.$ref) return [{ schema: nameOf(schema.$ref) }];
  if (schema.anyOf) {
    const found = schema.anyOf.map(typeOf);
    return found.flatMap((each, index) => (index === 0 ? each : [" or ", ...each]));
  }
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(" or ")];
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  if (schema.contentMediaType || schema.format === "binary") return ["file"];
  if (schema.prefixItems) {
    const found = schema.prefixItems.map(typeOf);
    return ["[", ...found.flatMap((each, index) => (index === 0 ? each : [", ", ...each])), "]"];
  }
  if (schema.type === "array") {
    return ["array of ", ...typeOf(typeof schema.items === "object" ? schema.items : undefined)];
  }
  if (schema.type === "object" && typeof schema.additionalProperties === "object") {
    return ["object of ", ...typeOf(schema.additionalProperties)];
  }
  return [`${schema.type ?? "any"}${bounds(schema)}`];
}

function bounds({ minimum, maximum, maxLength }: Schema): string {
  // Limits that no number would exceed are not worth showing.
  const most = maximum !== undefined && maximum < 2 ** 53 ? maximum.toLocaleString("en") : undefined;
  if (minimum !== undefined && most !== undefined) return `, ${minimum} to ${most}`;
  if (minimum !== undefined) return `, at least ${minimum}`;
  if (most !== undefined) return `, at most ${most}`;
  return maxLength === undefined ? "" : `, at most ${maxLength.toLocaleString("en")} characters`;
}

function fieldOf(name: string, where: string, required: boolean, schema: Schema, about = schema.description): Field {
  const { default: usual } = schema;
  const unless = usual === undefined || usual === null || (Array.isArray(usual) && usual.length === 0);
  // An optional parameter is null only in Python.
  const given = schema.anyOf?.filter(({ type }) => type !== "null");
  const written = typeOf(!required && where !== "schema" && given ? { anyOf: given } : schema);
  const type: Type[] = unless ? written : [...written, `, default ${JSON.stringify(usual)}`];
  return { name, where, required, type, about: about ?? "" };
}

export function fieldsOf(schema: Schema, where = "schema"): Field[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).map(([name, each]) => fieldOf(name, where, required.has(name), each));
}

export const paragraphs = (text: string) => text.split(/\n\s*\n/).map((each) => each.replace(/\s*\n\s*/g, " ").trim());

/** The schemas, without those of form bodies, which the operations list. */
export function schemasOf({ components }: OpenApi): [string, Schema][] {
  return Object.entries(components?.schemas ?? {}).filter(([name]) => !name.startsWith("Body_"));
}

export function operationsOf(api: OpenApi): Operation[] {
  return Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => operationOf(api, path, method, described)),
  );
}

function operationOf(api: OpenApi, path: string, method: string, described: Described): Operation {
  const { operationId: id, tags, description, parameters = [], requestBody, responses } = described;
  const [body, media] = Object.entries(requestBody?.content ?? {})[0] ?? ["", undefined];
  const ref = media?.schema?.$ref;
  const schema = ref ? api.components?.schemas?.[nameOf(ref)] : media?.schema;
  const fields = parameters.map((each) =>
    fieldOf(each.name, each.in, each.required === true, each.schema ?? {}, each.description),
  );
  const [status, answer] = Object.entries(responses).find(([each]) => each.startsWith("2")) ?? ["", undefined];
  return {
    id,
    method: method.toUpperCase(),
    path,
    tag: tags?.[0] ?? "",
    about: paragraphs(description ?? ""),
    fields: [...fields, ...(schema ? fieldsOf(schema, "body") : [])],
    body,
    status,
    answers: Object.entries(answer?.content ?? {}).map(([media, { schema }]) => ({ media, type: typeOf(schema) })),
    errors: Object.entries(responses)
      .filter(([each]) => each >= "400")
      .map(([each, { description }]) => ({ status: each, about: description }))
      .sort((one, other) => one.status.localeCompare(other.status)),
  };
}

/** An example request; replace the words in capitals. */
export function curlOf({ method, path, fields, body, answers }: Operation, base: string): string {
  const words = ["curl"];
  const media = answers.map((each) => each.media);
  if (media.includes("text/event-stream")) words.push("-N");
  if (method !== "GET" && !(method === "POST" && body !== "")) words.push(`-X ${method}`);
  const given = fields.filter(({ where, required, name }) => where === "body" && (required || name === "content"));
  if (body === "multipart/form-data") {
    for (const { name, type } of given) words.push(`-F ${name}=${type.includes("file") ? "@FILE" : name.toUpperCase()}`);
    if (path === "/api/jobs") words.push("-F style_name=ink");
  } else if (body !== "") {
    const example = Object.fromEntries(given.map(({ name }) => [name, name.toUpperCase()]));
    words.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(example)}'`);
  }
  if (media.some((each) => /^(image|video)\//.test(each))) words.push("-o FILE");
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
  return [...words, `${base}${address}`].join(" ");
}
