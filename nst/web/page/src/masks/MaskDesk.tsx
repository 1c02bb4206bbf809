import { createContext, Suspense, useContext, useMemo, useState, type Dispatch, type ReactNode } from "react";

import { useAnnounce } from "../announce.tsx";
import type { Catalogue } from "../catalogue.ts";
import type { Change, Draft } from "../compose/draft.ts";
import { Button } from "../parts/Button.tsx";
import { fieldId, Problem, tied } from "../parts/Field.tsx";
import { Brush } from "../parts/icons.tsx";
import { count } from "../words.ts";
import { colourOf, css } from "./colours.ts";
import { layerKey, layersOf, NO_MASKS, stylesOf, withMasks } from "./draftMasks.ts";
import { MaskEditor } from "./editor.tsx";
import { Tinted } from "./tints.tsx";

interface Desk {
  draft: Draft;
  styles: ReturnType<typeof stylesOf>;
  /** Opens the editor at a layer. */
  open: (layer: string) => void;
}

const Desk = createContext<Desk | null>(null);

interface Props {
  catalogue: Catalogue;
  draft: Draft;
  change: Dispatch<Change>;
  children: ReactNode;
}

/** Provides the pickers inside it with the draft's masks and the editor for them. */
export function MaskDesk({ catalogue, draft, change, children }: Props) {
  const [opened, open] = useState<string | null>(null);
  const announce = useAnnounce();
  const desk = useMemo(() => ({ draft, styles: stylesOf(draft, catalogue), open }), [draft, catalogue]);
  return (
    <Desk value={desk}>
      {children}
      {opened !== null && (
        <Suspense fallback={null}>
          <MaskEditor
            layers={layersOf(draft, catalogue)}
            first={opened}
            onCancel={() => open(null)}
            onDone={(changed) => {
              open(null);
              change({ kind: "masks", masks: withMasks(draft.masks, changed) });
              announce(changed.size === 0 ? "No masks changed" : `${count(changed.size, "mask")} changed`);
            }}
          />
        </Suspense>
      )}
    </Desk>
  );
}

/** Next to the content: opens the editor, and shows the colour of each style's mask. */
export function ContentMasks({ error }: { error: string | undefined }) {
  const desk = useContext(Desk);
  if (desk === null || desk.draft.content === null || desk.styles.length === 0) return null;
  const { masks } = desk.draft;
  const painted = desk.styles.filter(({ key }) => masks.content[key]);
  const first = painted[0] ?? desk.styles[0]!;
  return (
    <div className="mask-content">
      <Button onClick={() => desk.open(layerKey("content", first.key))} {...tied("content_mask", error, false)}>
        <Brush />
        {desk.styles.length === 1 ? "Where the style goes" : "Where each style goes"}
      </Button>
      {painted.length > 0 && (
        <ul className="mask-legend">
          {desk.styles.map(({ key, title }, index) => (
            <li key={key}>
              <i className="mask-swatch" style={{ background: css(colourOf(index)) }} aria-hidden="true" />
              {title}
              {masks.content[key] ? "" : ": everywhere"}
            </li>
          ))}
        </ul>
      )}
      {masks.earlier && painted.length === 0 && Object.keys(masks.style).length === 0 && (
        <p className="muted">The coloured masks of the earlier picture still apply, unless you paint new ones.</p>
      )}
      <Problem field="content_mask" error={error} />
    </div>
  );
}

/** On a chosen style: opens the editor for it. */
export function StyleMaskButton({ style }: { style: string }) {
  const desk = useContext(Desk);
  const found = desk?.styles.find(({ key }) => key === style);
  if (!desk || !found) return null;
  const { masks } = desk.draft;
  const painted = [masks.content[style] && "where it goes", masks.style[style] && "the part used"].filter(Boolean);
  return (
    <button
      type="button"
      className="round mask-open"
      aria-label={`Masks of ${found.title}${painted.length > 0 ? `: ${painted.join(" and ")}` : ""}`}
      title="Masks: which part of this style is used, and where it goes"
      data-painted={painted.length > 0}
      onClick={() => desk.open(layerKey("style", style))}
    >
      <Brush />
    </button>
  );
}

/** What is wrong with the masks of the styles. */
export function StyleMaskProblem({ error }: { error: string | undefined }) {
  if (!error) return null;
  return (
    <div id={fieldId("style_mask")} tabIndex={-1}>
      <Problem field="style_mask" error={error} />
    </div>
  );
}

/** The content overlaid with all its masks, or a style with its own. */
export function Masked({ style, children }: { style?: string; children: ReactNode }) {
  const desk = useContext(Desk);
  const { content, style: own } = desk?.draft.masks ?? NO_MASKS;
  const tints = (desk?.styles ?? []).flatMap(({ key }, index) => {
    const url = style === undefined ? content[key] : key === style ? own[key] : undefined;
    return url === undefined ? [] : [{ url, style: index }];
  });
  return <Tinted tints={tints}>{children}</Tinted>;
}
