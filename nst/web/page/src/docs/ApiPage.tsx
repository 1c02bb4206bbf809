import { useEffect, useState } from "react";

import { ApiError, get } from "../api.ts";
import { Button } from "../parts/Button.tsx";
import { TokenForm } from "../TokenForm.tsx";
import { curlOf, fieldsOf, operationsOf, schemasOf, type Field, type OpenApi, type Operation, type Type } from "./openapi.ts";

/** The API reference, generated from the server's OpenAPI description. */
export function ApiPage() {
  const [api, setApi] = useState<OpenApi | null>(null);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const [session, setSession] = useState(0);
  useEffect(() => {
    get<OpenApi>("/api/openapi.json").then(
      (found) => {
        setProblem(null);
        setApi(found);
      },
      (error: unknown) => setProblem(error as ApiError),
    );
  }, [session]);
  // The browser looked for the fragment before there was anything to find.
  useEffect(() => {
    if (api) document.getElementById(decodeURIComponent(window.location.hash.slice(1)))?.scrollIntoView();
  }, [api]);
  const again = () => setSession((number) => number + 1);

  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="header">
        <a className="brand" href="/">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          NST Studio
        </a>
        {api && <p className="muted">Version {api.info.version}</p>}
      </header>
      <main id="main" className="docs" tabIndex={-1}>
        {api ? (
          <Reference api={api} />
        ) : problem?.status === 401 ? (
          <TokenForm onTaken={again} />
        ) : problem ? (
          <div className="page-note" role="alert">
            <h1>The API reference could not be loaded</h1>
            <p>{problem.message}</p>
            <Button onClick={again}>Try again</Button>
          </div>
        ) : (
          <p className="page-note">Loading the reference…</p>
        )}
      </main>
    </>
  );
}

function Reference({ api }: { api: OpenApi }) {
  const operations = operationsOf(api);
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const schemas = schemasOf(api);
  return (
    <>
      <h1>API reference</h1>
      <p className="lead">{api.info.description}</p>
      <p>
        If the studio has a token, send it with every request: <code>-H &apos;Authorization: Bearer TOKEN&apos;</code>. Every
        error is a <SchemaLink name="Problem" />. Client generators can use <a href="/api/openapi.json">/api/openapi.json</a>.
      </p>
      <div className="docs-columns">
        <nav className="docs-index" aria-label="Endpoints and schemas">
          {tags.map((tag) => (
            <section key={tag}>
              <h2>{titled(tag)}</h2>
              <ul>
                {operations
                  .filter((each) => each.tag === tag)
                  .map(({ id, method, path }) => (
                    <li key={id}>
                      <a href={`#${id}`}>
                        <Method name={method} /> {path}
                      </a>
                    </li>
                  ))}
              </ul>
            </section>
          ))}
          <section>
            <h2>Schemas</h2>
            <ul>
              {schemas.map(([name]) => (
                <li key={name}>
                  <SchemaLink name={name} />
                </li>
              ))}
            </ul>
          </section>
        </nav>
        <div className="docs-parts">
          {operations.map((operation) => (
            <Endpoint key={operation.id} operation={operation} />
          ))}
          {schemas.map(([name, schema]) => (
            <section className="panel" key={name} id={`schema-${name}`} aria-labelledby={`schema-${name}-name`}>
              <h2 id={`schema-${name}-name`}>{name}</h2>
              {schema.description && <Words text={schema.description} />}
              <Fields fields={fieldsOf(schema)} caption={`Fields of ${name}`} />
            </section>
          ))}
        </div>
      </div>
    </>
  );
}

function Endpoint({ operation }: { operation: Operation }) {
  const { id, method, path, about, fields, body, status, answers, errors } = operation;
  const simple = method === "GET" && !path.includes("{");
  return (
    <section className="panel" id={id} aria-labelledby={`${id}-name`}>
      <h2 id={`${id}-name`} className="docs-call">
        <Method name={method} /> <code>{path}</code>
      </h2>
      {about.map((text) => (
        <Words key={text} text={text} />
      ))}
      {body !== "" && (
        <p>
          The body is <code>{body}</code>.
        </p>
      )}
      <Fields fields={fields} caption={`Parameters of ${method} ${path}`} where />
      <p>
        Returns <strong>{status}</strong>
        {answers.map(({ media, type }, index) => (
          <span key={media}>
            {index === 0 ? ": " : ", or "}
            <code>{media}</code>
            {media === "application/json" && (
              <>
                {" "}
                (<TypeOf type={type} />)
              </>
            )}
          </span>
        ))}
        .
      </p>
      <pre tabIndex={0} aria-label={`Example of ${method} ${path}`}>
        {curlOf(operation, window.location.origin)}
      </pre>
      {simple && (
        <p>
          <a href={path}>Open {path}</a>
        </p>
      )}
      <details className="folded small">
        <summary>Errors</summary>
        <ul>
          {errors.map((each) => (
            <li key={each.status}>
              {each.status} {each.about}
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}

function Fields({ fields, caption, where = false }: { fields: Field[]; caption: string; where?: boolean }) {
  if (fields.length === 0) return null;
  return (
    <div className="docs-table" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            {where && <th scope="col">In</th>}
            <th scope="col">Type</th>
            <th scope="col">Meaning</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((each) => (
            <tr key={`${each.where} ${each.name}`}>
              <th scope="row">
                <code>{each.name}</code>
              </th>
              {where && <td className="where">{each.where}</td>}
              <td>
                <TypeOf type={each.type} />
                {where && each.required && <strong>, required</strong>}
              </td>
              <td>
                <Code text={each.about} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const Method = ({ name }: { name: string }) => <span className={`method ${name.toLowerCase()}`}>{name}</span>;

const SchemaLink = ({ name }: { name: string }) => <a href={`#schema-${name}`}>{name}</a>;

function TypeOf({ type }: { type: Type[] }) {
  return type.map((part, index) =>
    typeof part === "string" ? <span key={index}>{part}</span> : <SchemaLink key={index} name={part.schema} />,
  );
}

const Words = ({ text }: { text: string }) => (
  <p>
    <Code text={text} />
  </p>
);

/** Text with the parts in backticks as code. */
function Code({ text }: { text: string }) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}

const titled = (tag: string) => tag.charAt(0).toUpperCase() + tag.slice(1);
