/** All requests to the server. */

import type { ErrorAnswer, Estimate, GalleryAnswer, GalleryChanges, Health, Job, JobCard, JobsAnswer, Network, Preview, Recipe, Sample, SettingsAnswer, SettingValues } from "./types.ts";
import { sentence } from "./words.ts";

/** A failed request; its `status` is 0 if there was no response. */
export class ApiError extends Error {
  readonly status: number;
  readonly field: string | null;

  constructor(status: number, message: string, field: string | null = null) {
    super(message);
    this.status = status;
    this.field = field;
  }
}

const UNREACHABLE = "The server cannot be reached. Nothing is lost; please try again in a moment.";

let tokenWanted: () => void = () => undefined;
let tokensTaken = 0;

/** Registers what to do when the server asks for a token. */
export function onTokenWanted(listener: () => void): void {
  tokenWanted = listener;
}

/** The error of a response; `tokens` is how many the server had accepted when the request was sent. */
function refusal(status: number, body: string, tokens: number): ApiError {
  // A 401 may arrive after the token it asks for has been accepted.
  if (status === 401 && tokens === tokensTaken) tokenWanted();
  try {
    const { message, field } = JSON.parse(body) as Partial<ErrorAnswer>;
    if (typeof message === "string" && message !== "") return new ApiError(status, sentence(message), field ?? null);
  } catch {
    // A proxy's error page: all it tells us is the status.
  }
  return new ApiError(status, `The server answered with an error (${status}).`);
}

async function request(path: string, init: RequestInit = {}): Promise<Blob> {
  const tokens = tokensTaken;
  let response: Response;
  let body: Blob;
  try {
    response = await fetch(path, init);
    body = await response.blob();
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, UNREACHABLE);
  }
  if (!response.ok) throw refusal(response.status, await body.text(), tokens);
  return body;
}

async function json<T>(body: Blob): Promise<T> {
  return JSON.parse(await body.text()) as T;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return json<T>(await request(path, signal && { signal }));
}

/** Posts a form as it is and anything else as JSON; void for responses without a body. */
async function post<T>(path: string, body: FormData | object | null = null, init: RequestInit = {}): Promise<T> {
  const sent: RequestInit =
    body === null || body instanceof FormData
      ? { body }
      : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const answer = await request(path, { ...init, ...sent, method: "POST" });
  return (answer.size === 0 ? undefined : await json<T>(answer)) as T;
}

function formOf(fields: Record<string, string | File>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

const job = (id: string) => `/api/jobs/${encodeURIComponent(id)}`;

export const getHealth = (signal?: AbortSignal) => get<Health>("/api/health", signal);
export const getContents = () => get<Sample[]>("/api/contents");
export const getStyles = () => get<Sample[]>("/api/styles");
export const getNetworks = () => get<Network[]>("/api/networks");
export const getSettings = () => get<SettingsAnswer>("/api/settings");
export const getJob = (id: string) => get<Job>(job(id));
export const getRecipe = (id: string) => get<Recipe>(`${job(id)}/settings`);
export const getBlob = (path: string) => request(path);

export function getJobs(limit: number, before?: number): Promise<JobsAnswer> {
  return get<JobsAnswer>(`/api/jobs?limit=${limit}${before === undefined ? "" : `&before=${before}`}`);
}

export const cancelJob = (id: string) => post<Job>(`${job(id)}/cancel`);

/** Queues a finished or stopped job again, for `epochs` more or, if null, for those left of its plan. */
export async function resumeJob(id: string, epochs: number | null): Promise<Job> {
  const resumed = await post<Job>(`${job(id)}/resume`, { epochs });
  tabs?.postMessage(id);
  return resumed;
}

/** Queues a job again in a sample style. */
export function repaint(id: string, style: string, settings: SettingValues): Promise<Job> {
  const changed = Object.keys(settings).length > 0 ? { settings: JSON.stringify(settings) } : {};
  return post<Job>("/api/jobs", formOf({ again: id, style_name: style, ...changed }));
}

/** Queues a job again, steered as it was, optionally with another network. */
export function repeatJob(id: string, network?: string): Promise<Job> {
  return post<Job>("/api/jobs", formOf({ again: id, ...(network && { network }), repeat_steering: "true" }));
}

/** Changes a picture while it is being painted. */
export const steerJob = (id: string, form: FormData) => post<unknown>(`${job(id)}/steer`, form);

export async function deleteJob(id: string): Promise<void> {
  await request(job(id), { method: "DELETE" });
  tabs?.postMessage(id);
}

/** Tells the other tabs which job this one has deleted or resumed. */
const tabs = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("nst-jobs");

/** Calls back when another tab has changed a job; returns a function that stops it. */
export function onJobChanged(changed: (id: string) => void): () => void {
  const hear = (event: MessageEvent<string>) => changed(event.data);
  tabs?.addEventListener("message", hear);
  return () => tabs?.removeEventListener("message", hear);
}

/** Exchanges a token for a session cookie. */
export async function sendToken(token: string): Promise<void> {
  await post<unknown>("/api/token", { token });
  tokensTaken += 1;
}

/** Has the server check a file as it would for a job, and show what it reads. */
export const postPreview = (file: File, field: string) => post<Preview>("/api/preview", formOf({ field, file }));

export const postEstimate = (wanted: object, signal: AbortSignal) => post<Estimate>("/api/estimate", wanted, { signal });

/** Submits a job. `fetch` does not report the progress of an upload; XMLHttpRequest does. */
export function postJob(form: FormData, onSent: (share: number) => void): Promise<Job> {
  const tokens = tokensTaken;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/jobs");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onSent(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as Job);
      else reject(refusal(request.status, request.responseText, tokens));
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

/** The current picture. The result may follow a preview of the same epoch, so it has a URL of its own. */
export function pictureUrl({ id, picture, state }: Pick<JobCard, "id" | "picture" | "state">): string {
  return `${job(id)}/picture?v=${picture}${state === "running" ? "" : "&ended=1"}`;
}

/** One page of the gallery: the first, or the one after a cursor. `query` is its search, filters and order. */
export function getGallery(query: URLSearchParams, limit: number, after?: string | null): Promise<GalleryAnswer> {
  const asked = new URLSearchParams(query);
  asked.set("limit", String(limit));
  if (after) asked.set("after", after);
  return get<GalleryAnswer>(`/api/gallery?${asked}`);
}

export const getGalleryChanges = (since: string) => get<GalleryChanges>(`/api/gallery/changes?since=${encodeURIComponent(since)}`);
export const zipUrl = (ids: string[]) => `/api/jobs/zip?ids=${ids.join(",")}`;
export const zipOfSearchUrl = (query: URLSearchParams) => `/api/jobs/zip?${query}`;
