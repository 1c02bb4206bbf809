/** Everything that is asked of the server. */

import type { ErrorAnswer, Estimate, GalleryAnswer, GalleryChanges, Health, Job, JobCard, JobsAnswer, Network, Preview, Recipe, Sample, SettingsAnswer, SettingValues } from "./types.ts";
import { sentence } from "./words.ts";

/** An answer that says no; `status` 0 when none came. */
export class ApiError extends Error {
  readonly status: number;
  readonly field: string | null;

  constructor(status: number, message: string, field: string | null = null) {
    super(message);
    this.status = status;
    this.field = field;
  }
}

const UNREACHABLE = "The server cannot be reached. Nothing is lost here: please try again in a moment.";

let tokenWanted: () => void = () => undefined;
let tokensTaken = 0;

/** Whom to tell when the server wants a token. */
export function onTokenWanted(listener: () => void): void {
  tokenWanted = listener;
}

/** The error of an answer; `asked` is how many tokens the server had taken when it was asked. */
function refusal(status: number, body: string, asked: number): ApiError {
  // A refusal may come late, when the token has been taken: then none is wanted.
  if (status === 401 && asked === tokensTaken) tokenWanted();
  try {
    const { message, field } = JSON.parse(body) as Partial<ErrorAnswer>;
    if (typeof message === "string" && message !== "") return new ApiError(status, sentence(message), field ?? null);
  } catch {
    // A proxy's own page: its number is all that can be said of it.
  }
  return new ApiError(status, `The server answered with an error (${status}).`);
}

async function ask(path: string, init?: RequestInit): Promise<string> {
  const asked = tokensTaken;
  let answer: Response;
  let body: string;
  try {
    answer = await fetch(path, init);
    body = await answer.text();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, UNREACHABLE);
  }
  if (!answer.ok) throw refusal(answer.status, body, asked);
  return body;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return JSON.parse(await ask(path, signal ? { signal } : undefined)) as T;
}

const job = (id: string) => `/api/jobs/${encodeURIComponent(id)}`;

export const getHealth = (signal?: AbortSignal) => get<Health>("/api/health", signal);
export const getContents = () => get<Sample[]>("/api/contents");
export const getStyles = () => get<Sample[]>("/api/styles");
export const getNetworks = () => get<Network[]>("/api/networks");
export const getSettings = () => get<SettingsAnswer>("/api/settings");
export const getJob = (id: string) => get<Job>(job(id));

export function getJobs(limit: number, before?: number): Promise<JobsAnswer> {
  return get<JobsAnswer>(`/api/jobs?limit=${limit}${before === undefined ? "" : `&before=${before}`}`);
}

export async function cancelJob(id: string): Promise<Job> {
  return JSON.parse(await ask(`${job(id)}/cancel`, { method: "POST" })) as Job;
}

/** Queues an ended job again; `epochs` are those after the last one painted, null for those left of the plan. */
export async function resumeJob(id: string, epochs: number | null): Promise<Job> {
  const headers = { "Content-Type": "application/json" };
  const answer = await ask(`${job(id)}/resume`, { method: "POST", headers, body: JSON.stringify({ epochs }) });
  tabs?.postMessage(id);
  return JSON.parse(answer) as Job;
}

/** Queues what another job painted with another style, a sample. */
export async function repaint(id: string, style: string, settings: SettingValues): Promise<Job> {
  const body = new FormData();
  body.append("again", id);
  body.append("style_name", style);
  if (Object.keys(settings).length > 0) body.append("settings", JSON.stringify(settings));
  return JSON.parse(await ask("/api/jobs", { method: "POST", body })) as Job;
}

export const getRecipe = (id: string) => get<Recipe>(`${job(id)}/settings`);

/** The bytes of a picture. */
export async function getBlob(path: string): Promise<Blob> {
  let answer: Response;
  try {
    answer = await fetch(path);
    if (answer.ok) return await answer.blob();
  } catch {
    throw new ApiError(0, UNREACHABLE);
  }
  throw refusal(answer.status, await answer.text(), tokensTaken);
}

/** Changes a picture while it is being painted. */
export async function steerJob(id: string, form: FormData): Promise<void> {
  await ask(`${job(id)}/steer`, { method: "POST", body: form });
}

/** Paints a picture again, with the changes that were made while it was painted; with another network, if one is given. */
export async function repeatJob(id: string, network?: string): Promise<Job> {
  const body = new FormData();
  body.append("again", id);
  if (network !== undefined) body.append("network", network);
  body.append("repeat_steering", "true");
  return JSON.parse(await ask("/api/jobs", { method: "POST", body })) as Job;
}

export async function deleteJob(id: string): Promise<void> {
  await ask(job(id), { method: "DELETE" });
  tabs?.postMessage(id);
}

/** Between the tabs of one browser: the id of a job that one of them has deleted or resumed. */
const tabs = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("nst-jobs");

/** Calls back when another tab has changed a job; the result ends that. */
export function onJobChanged(changed: (id: string) => void): () => void {
  const hear = (event: MessageEvent<string>) => changed(event.data);
  tabs?.addEventListener("message", hear);
  return () => tabs?.removeEventListener("message", hear);
}

/** Whether the server takes the token; it answers with a cookie. */
export async function sendToken(token: string): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  await ask("/api/token", { method: "POST", headers, body: JSON.stringify({ token }) });
  tokensTaken += 1;
}

/** How the server shows a file, which it checks as it would check a job's. */
export async function postPreview(file: File, field: string): Promise<Preview> {
  const body = new FormData();
  body.append("field", field);
  body.append("file", file);
  return JSON.parse(await ask("/api/preview", { method: "POST", body })) as Preview;
}

/** How long a picture or a video of that size would take. */
export async function postEstimate(wanted: object, signal: AbortSignal): Promise<Estimate> {
  const headers = { "Content-Type": "application/json" };
  return JSON.parse(await ask("/api/estimate", { method: "POST", headers, body: JSON.stringify(wanted), signal })) as Estimate;
}

/** Sends a job; `fetch` cannot tell how much of a body has gone, so this is the older way. */
export function postJob(form: FormData, onSent: (share: number) => void): Promise<Job> {
  const asked = tokensTaken;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/jobs");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onSent(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as Job);
      else reject(refusal(request.status, request.responseText, asked));
    };
    request.onerror = () => reject(new ApiError(0, UNREACHABLE));
    request.send(form);
  });
}

export const eventsUrl = (id: string) => `${job(id)}/events`;
export const resultUrl = (id: string) => `${job(id)}/result`;
export const archiveUrl = (id: string) => `${job(id)}/archive`;
export const settingsUrl = (id: string) => `${job(id)}/settings?download=1`;
export const videoUrl = (id: string) => `${job(id)}/video`;
export const videoDownloadUrl = (id: string) => `${job(id)}/video?download=1`;
export const costsUrl = (id: string) => `${job(id)}/costs?format=csv`;
export const frameUrl = (id: string, epoch: number) => `${job(id)}/picture?epoch=${epoch}`;
export const thumbnailUrl = (url: string, size: number) => `${url}${url.includes("?") ? "&" : "?"}size=${size}`;

/** The current picture. The final one may follow a preview of the same epoch, and needs an address of its own. */
export function pictureUrl({ id, picture, state }: Pick<JobCard, "id" | "picture" | "state">): string {
  return `${job(id)}/picture?v=${picture}${state === "running" ? "" : "&ended=1"}`;
}

/** A page of the gallery: the first, or the one after a cursor. `query` has its search, filters and sort. */
export function getGallery(query: URLSearchParams, limit: number, after?: string | null): Promise<GalleryAnswer> {
  const asked = new URLSearchParams(query);
  asked.set("limit", String(limit));
  if (after) asked.set("after", after);
  return get<GalleryAnswer>(`/api/gallery?${asked}`);
}

export const getGalleryChanges = (since: string) => get<GalleryChanges>(`/api/gallery/changes?since=${encodeURIComponent(since)}`);
export const zipUrl = (ids: string[]) => `/api/jobs/zip?ids=${ids.join(",")}`;
export const zipOfSearchUrl = (query: URLSearchParams) => `/api/jobs/zip?${query}`;
