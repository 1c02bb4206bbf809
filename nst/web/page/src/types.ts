/** What the server sends and takes, as the API's contract has it. Times are Unix seconds. */

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
  /** The settings that it has of its own, whatever the preset. */
  settings: SettingValues;
}

/** What is painted: one picture, or a video frame by frame, whose frames are then the epochs of its job. */
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

/** The settings that a painted picture carries; `network` is empty where the studio has none of that name. */
export interface Painted {
  settings: SettingValues;
  network: string;
}

export type SettingKind = "int" | "float" | "str" | "bool" | "layers" | "weights";
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
  /** The kind of job that it affects; null for both. */
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
  /** The fewest pixels of a side of a picture, at the smallest size painted. */
  side: number;
}

export interface SettingsAnswer {
  settings: Setting[];
  presets: Preset[];
  default_preset: string;
  limits: Limits;
}

/** Costs of one epoch; null is one that is not finite, which JSON has no number for. */
export interface Costs {
  total: number | null;
  content: number | null;
  style: number | null;
  total_variation: number | null;
  /** Of a frame, compared with the previous one. */
  temporal?: number | null;
}

export interface Picture {
  title: string;
  url: string;
}

export type JobState = "queued" | "running" | "finished" | "cancelled" | "failed";

export interface Job {
  id: string;
  number: number;
  kind: Kind;
  state: JobState;
  place: number | null;
  cancelling: boolean;
  created: number;
  started: number | null;
  ended: number | null;
  epoch: number | null;
  epochs: number;
  costs: Costs | null;
  seconds_left: number | null;
  picture: number | null;
  width: number | null;
  height: number | null;
  content: Picture;
  styles: Picture[];
  preset: string;
  network: string;
  /** What the network is in full, such as "VGG-19 (kernels of 8 bits)"; null before the painting begins. */
  painted_with: string | null;
  settings: SettingValues;
  frames: number[];
  reason: string;
  troubles: string[];
  result: boolean;
  video: boolean;
  /** Further files that were asked for by a setting, such as a contact sheet. */
  files: Picture[];
  /** The sizes that a picture is painted in, one after another; none before the painting begins. */
  sizes: PaintedSize[];
  /** Seconds of painting before it was resumed. */
  spent: number;
  resumable: boolean;
  /** Bytes of what it is resumed from. */
  checkpoint: number;
  resumable_until: number | null;
  /** Those of earlier versions have none. */
  masks?: JobMask[];
  steering: Steered[];
}

/** A size, and the first of its epochs. */
export interface PaintedSize {
  width: number;
  height: number;
  first: number;
}

/** What paints a job again. */
export interface Recipe {
  settings: SettingValues;
  command: string;
}

/** A mask over the content, or over a style picture; `style` is null for a coloured one, which is for all styles. */
export interface JobMask {
  over: "content" | "style";
  style: number | null;
  url: string;
}

/** A change while it was painted; what did not change is null. */
export interface Steered {
  /** The first epoch that followed it. */
  epoch: number;
  strength: number | null;
  style_weights: number[] | null;
  /** Whether there are masks from then on. */
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

/** What a list shows of a job. */
export type JobCard = Pick<
  Job,
  | "id"
  | "number"
  | "kind"
  | "state"
  | "place"
  | "cancelling"
  | "created"
  | "started"
  | "ended"
  | "epoch"
  | "epochs"
  | "seconds_left"
  | "picture"
  | "width"
  | "height"
  | "content"
  | "styles"
  | "preset"
  | "network"
>;

/** The values by which the gallery can be filtered, most frequent first, with the number of jobs of each. */
export interface GalleryChoices {
  states: Partial<Record<JobState, number>>;
  kinds: Partial<Record<Kind, number>>;
  presets: Record<string, number>;
  styles: Record<string, number>;
}

export interface GalleryAnswer {
  cards: JobCard[];
  /** Where the next page begins; null on the last. */
  cursor: string | null;
  total: number;
  /** On the first page only. */
  choices: GalleryChoices | null;
  revision: string;
}

export interface GalleryChanges {
  cards: JobCard[];
  gone: string[];
  /** The revision is not known any more: all has to be read again. */
  reset: boolean;
  revision: string;
}

/** How long a job would take; null is what cannot be judged. */
export interface Estimate {
  seconds: number | null;
  basis: "same" | "similar" | null;
  waiting: number | null;
}
