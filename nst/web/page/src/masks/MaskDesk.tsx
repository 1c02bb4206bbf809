import { createContext, Suspense, useContext, useMemo, useState, type Dispatch, type ReactNode } from "react";

import { useAnnounce } from "../announce.tsx";
import type { Catalogue } from "../catalogue.ts";
import type { Change, Draft } from "../compose/draft.ts";
import { described, fieldId, Problem } from "../parts/Problem.tsx";
import { count } from "../words.ts";
import { colourOf, css } from "./colours.ts";
import { layerKey, layersOf, NO_MASKS, stylesOf, withMasks, type MaskedStyle } from "./draftMasks.ts";
import { MaskEditor } from "./editor.tsx";
import { Brush, tintStyle } from "./tints.tsx";

interface Desk {
  draft: Draft;
  styles: MaskedStyle[];
  /** Opens the editor at one of its layers. */
  open: (layer: string) => void;
}

const Desk = createContext<Desk | null>(null);

interface Props {
  catalogue: Catalogue;
  draft: Draft;
  change: Dispatch<Change>;
  children: ReactNode;
}

/** Gives the pickers within it the masks of the draft, and the editor that paints them. */
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
              announce(changed.size === 0 ? "No mask was changed" : `${count(changed.size, "mask")} changed`);
            }}
          />
        </Suspense>
      )}
    </Desk>
  );
}

/** At the content: opens the editor, and says in which colour each style is shown where it goes. */
export function ContentMasks({ error }: { error: string | undefined }) {
  const desk = useContext(Desk);
  if (desk === null || desk.draft.content === null || desk.styles.length === 0) return null;
  const { masks } = desk.draft;
  const painted = desk.styles.filter(({ key }) => masks.content[key]);
  const first = painted[0] ?? desk.styles[0]!;
  return (
    <div className="mask-content">
      <button
        type="button"
        className="button"
        id={fieldId("content_mask")}
        onClick={() => desk.open(layerKey("content", first.key))}
        {...described("content_mask", error, false)}
      >
        <Brush />
        Where {desk.styles.length === 1 ? "the style" : "each style"} goes
      </button>
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
        <p className="muted">The coloured masks of the earlier picture are kept, unless you paint others.</p>
      )}
      <Problem field="content_mask" error={error} />
    </div>
  );
}

/** At a chosen style: opens the editor for it. */
export function StyleMaskButton({ style }: { style: string }) {
  const desk = useContext(Desk);
  const found = desk?.styles.find(({ key }) => key === style);
  if (!desk || !found) return null;
  const { masks } = desk.draft;
  const painted = [masks.content[style] && "where it goes", masks.style[style] && "the part used"].filter(Boolean);
  return (
    <button
      type="button"
      className="mask-open"
      aria-label={`Masks of ${found.title}${painted.length > 0 ? `: ${painted.join(" and ")}` : ""}`}
      title="Masks: which part of it is used, and where it goes"
      data-painted={painted.length > 0}
      onClick={() => desk.open(layerKey("style", style))}
    >
      <Brush />
    </button>
  );
}

/** What the style panel says of a mask that the server refused. */
export function StyleMaskProblem({ error }: { error: string | undefined }) {
  if (!error) return null;
  return (
    <div id={fieldId("style_mask")} tabIndex={-1}>
      <Problem field="style_mask" error={error} />
    </div>
  );
}

/** A picture with its masks laid over it: of the content all, of a style its own. */
export function Masked({ style, children }: { style?: string; children: ReactNode }) {
  const desk = useContext(Desk);
  const { content, style: own } = desk?.draft.masks ?? NO_MASKS;
  const tints = (desk?.styles ?? []).flatMap(({ key }, index) => {
    const url = style === undefined ? content[key] : key === style ? own[key] : undefined;
    return url === undefined ? [] : [{ url, index }];
  });
  if (tints.length === 0) return children;
  return (
    <span className="masked">
      {children}
      {tints.map(({ url, index }) => (
        <i key={index} className="mask-tint" style={tintStyle(url, index)} data-testid="mask-tint" />
      ))}
    </span>
  );
}
