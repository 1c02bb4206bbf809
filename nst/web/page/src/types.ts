/** The API's requests and responses. Times are Unix seconds. */

export interface Health {
  status: string;
  version: string;
  workers: { state: "starting" | "ready" | "painting" }[];
  queued: number;
  running: number;
}

/** A sample picture that comes with the server. */
export interface Sample {
  name: string;
  title: string;
  url: string;
  width: number;
  height: number;
}

export interface Network {
  name: string;
  title: string;
  about: string;
  available: boolean;
  notice: string;
  default?: boolean;
  /** Settings it overrides in every preset. */
  settings: SettingValues;
}

/** A single picture, or a video, whose frames then count as the job's epochs. */
export type Kind = "picture" | "video";

/** An input file as the server sees it; `frames` is 0 for a picture. */
export interface Preview {
  kind: Kind;
  frames: number;
  width: number;
  height: number;
  url: string;
  painted: Painted | null;
}

/** The settings embedded in a painted picture; `network` is empty if the studio does not have it. */
export interface Painted {
  settings: SettingValues;
  network: string;
}

type SettingKind = "int" | "float" | "str" | "bool" | "layers" | "weights";
export type SettingValue = number | string | boolean;
export type SettingValues = Record<string, SettingValue>;

export interface Setting {
  name: string;
  kind: SettingKind;
  default: SettingValue;
  help: string;
  choices: string[];
  at_least: number | null;
  at_most: number | null;
  above: number | null;
  /** The kind of job it applies to; null for both. */
  only: Kind | null;
}

export interface Preset {
  name: string;
  title: string;
  about: string;
  settings: SettingValues;
}

export interface Limits {
  file_bytes: number;
  video_bytes: number;
  body_bytes: number;
  pixels: number;
  styles: number;
  epochs: number;
  image_size: number;
  queue: number;
  /** The shortest side allowed, in pixels, at the smallest scale. */
  side: number;
}

export interface SettingsAnswer {
  settings: Setting[];
  presets: Preset[];
  default_preset: string;
  limits: Limits;
}

/** The costs of one epoch; null if not finite, which JSON cannot express. */
export interface Costs {
  total: number | null;
  content: number | null;
  style: number | null;
  total_variation: number | null;
  /** Videos only: how much a frame differs from the previous one. */
  temporal?: number | null;
}

export interface Picture {
  title: string;
  url: string;
}

export type JobState = "queued" | "running" | "finished" | "cancelled" | "failed";

/** A job as lists show it. */
export interface JobCard {
  id: string;
  number: number;
  kind: Kind;
  state: JobState;
  /** The position in the queue, from 0; null outside it. */
  place: number | null;
  cancelling: boolean;
  created: number;
  started: number | null;
  ended: number | null;
  epoch: number | null;
  epochs: number;
  seconds_left: number | null;
  picture: number | null;
  width: number | null;
  height: number | null;
  content: Picture;
  styles: Picture[];
  preset: string;
  network: string;
}

export interface Job extends JobCard {
  costs: Costs | null;
  /** The network's full name, such as "VGG-19 (kernels of 8 bits)"; null before painting begins. */
  painted_with: string | null;
  settings: SettingValues;
  frames: number[];
  reason: string;
  troubles: string[];
  result: boolean;
  video: boolean;
  /** Extra files requested in the settings, such as a contact sheet. */
  files: Picture[];
  /** The sizes a picture is painted at, in order; empty before painting begins. */
  sizes: PaintedSize[];
  /** Seconds spent painting before the job was resumed. */
  spent: number;
  resumable: boolean;
  /** The checkpoint's size in bytes. */
  checkpoint: number;
  resumable_until: number | null;
  /** Absent from jobs of earlier versions. */
  masks?: JobMask[];
  steering: Steered[];
}

/** A size and the epoch it starts at. */
interface PaintedSize {
  width: number;
  height: number;
  first: number;
}

/** What it takes to paint a job again. */
export interface Recipe {
  settings: SettingValues;
  command: string;
}

/** A mask over the content or a style picture; `style` is null for a coloured mask, which covers all styles. */
interface JobMask {
  over: "content" | "style";
  style: number | null;
  url: string;
}

/** A change made during painting; null is what it left alone. */
export interface Steered {
  /** The first epoch it applied to. */
  epoch: number;
  strength: number | null;
  style_weights: number[] | null;
  /** Whether masks apply from then on. */
  masks: boolean | null;
}

export interface JobsAnswer {
  jobs: Job[];
  more: boolean;
}

/** The data of an `epoch` event. */
export interface EpochEvent extends Costs {
  epoch: number;
  seconds: number;
  seconds_left: number | null;
}

export interface ErrorAnswer {
  message: string;
  field: string | null;
}

/** The gallery's filter values and how many jobs have each, most frequent first. */
export interface GalleryChoices {
  states: Partial<Record<JobState, number>>;
  kinds: Partial<Record<Kind, number>>;
  presets: Record<string, number>;
  styles: Record<string, number>;
}

export interface GalleryAnswer {
  cards: JobCard[];
  /** Null on the last page. */
  cursor: string | null;
  total: number;
  /** On the first page only. */
  choices: GalleryChoices | null;
  revision: string;
}

export interface GalleryChanges {
  cards: JobCard[];
  gone: string[];
  /** The server no longer knows the revision: reload everything. */
  reset: boolean;
  revision: string;
}

/** How long a job would take; null where there is nothing to go by. */
export interface Estimate {
  seconds: number | null;
  basis: "same" | "similar" | null;
  waiting: number | null;
}
