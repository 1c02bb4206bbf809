import {
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type RefObject,
  type SyntheticEvent,
} from "react";

import type { ApiError } from "../api.ts";
import { filesOf } from "../compose/files.ts";
import { Board, type Tool } from "./Board.tsx";
import { blank, filled, History, inverted, isEven, maskSize, replace, rest, share, type Levels, type Patch } from "./levels.ts";
import { aboutLayer, colourOfLayer, nameOfLayer, percent, type MaskLayer } from "./layers.ts";
import { decoded, encoded, levelsOf, levelsOfFile } from "./pictures.ts";
import { LayerChooser, Tools } from "./Tools.tsx";

interface Props {
  layers: MaskLayer[];
  /** The key of the layer to begin with. */
  first?: string | undefined;
  /** Is given the masks that were changed, by the keys of their layers; null where there is none any more. */
  onDone: (changed: ReadonlyMap<string, string | null>) => void;
  onCancel: () => void;
}

/**
 * Masks are painted with a brush: where each style goes, over the content, and which part of a style is used, over that.
 *
 * Nothing is told to the page before all is done. It can be used wherever there are pictures and masks: a mask is a grey
 * picture by its address, which may be a `data:` URL.
 */
export default function MaskEditor({ layers, first, onDone, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const headingId = useId();
  const [loaded, problem] = useLevels(layers);
  const [asked, setAsked] = useState(false);
  const changed = useRef(new Set<number>());
  useModal(dialog);

  const cancel = () => (changed.current.size > 0 ? setAsked(true) : onCancel());
  const done = () => {
    const masks = [...changed.current].map((index): [string, string | null] => {
      const levels = loaded![index]!;
      return [layers[index]!.key, isEven(levels) ? null : encoded(levels)];
    });
    onDone(new Map(masks));
  };

  return (
    <dialog
      ref={dialog}
      className="mask-dialog"
      aria-labelledby={headingId}
      onCancel={(event) => {
        event.preventDefault();
        cancel();
      }}
      // What is dropped beside the dialog is no new content for the page behind.
      onDragOver={stay}
      onDrop={stay}
    >
      {loaded === null ? (
        <div className="mask-waiting">
          <h2 id={headingId}>Masks</h2>
          <p className={problem ? "error" : "muted"} role="status">
            {problem || "Opening the picture…"}
          </p>
          <button type="button" className="button" onClick={onCancel}>
            Close
          </button>
        </div>
      ) : (
        <Editor
          layers={layers}
          levels={loaded}
          first={Math.max(0, layers.findIndex(({ key }) => key === first))}
          headingId={headingId}
          onChanged={(index) => changed.current.add(index)}
          onCancel={cancel}
          onDone={done}
        />
      )}
      {asked && <Discard onKeep={() => setAsked(false)} onDiscard={onCancel} />}
    </dialog>
  );
}

function Discard({ onKeep, onDiscard }: { onKeep: () => void; onDiscard: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const headingId = useId();
  useModal(dialog);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={headingId}
      onCancel={(event) => {
        event.preventDefault();
        onKeep();
      }}
    >
      <h2 id={headingId}>Discard what you have painted here?</h2>
      <div className="row">
        <button type="button" className="button" autoFocus onClick={onKeep}>
          Keep painting
        </button>
        <button type="button" className="button primary danger" onClick={onDiscard}>
          Discard
        </button>
      </div>
    </dialog>
  );
}

interface EditorProps {
  layers: MaskLayer[];
  levels: Levels[];
  first: number;
  headingId: string;
  onChanged: (layer: number) => void;
  onCancel: () => void;
  onDone: () => void;
}

function Editor({ layers, levels, first, headingId, onChanged, onCancel, onDone }: EditorProps) {
  const helpId = useId();
  const editor = useRef<HTMLDivElement>(null);
  useEffect(() => editor.current!.querySelector<HTMLElement>(".mask-sheet")!.focus({ preventScroll: true }), []);
  const [active, setActive] = useState(first);
  const [tool, setTool] = useState<Tool>("paint");
  const [size, setSize] = useState(0.12); // of the longest side
  const [softness, setSoftness] = useState(0.3);
  const [plain, setPlain] = useState(false);
  const [problem, setProblem] = useState("");
  const [version, setVersion] = useState(0);
  const [said, setSaid] = useState({ text: "", number: 0 });
  const [history] = useState(() => new History());
  const layer = layers[active]!;
  const mask = levels[active]!;
  const shares = useMemo(() => levels.map((each) => (isEven(each) ? null : share(each))), [levels, version]);
  const announce = (text: string) => setSaid(({ number }) => ({ text, number: number + 1 }));

  // Those over the same picture are seen together.
  const together = layers.map((_, index) => index).filter((index) => layers[index]!.picture.url === layer.picture.url);
  const sheets = together.map((index) => ({ levels: levels[index]!, colour: colourOfLayer(layers, index) }));
  const others = together.filter((index) => index !== active);

  const changed = (index: number, words: string) => {
    setProblem("");
    setVersion((number) => number + 1);
    onChanged(index);
    announce(`${words}. ${aboutLayer(layers[index]!, levels[index]!)}`);
  };
  const painted = (patch: Patch | null, words: string) => {
    if (patch === null) return;
    history.push(patch);
    changed(patch.layer, words);
  };
  const whole = (data: ArrayLike<number>, words: string) => painted(replace(active, mask, data), words);
  const step = (patch: Patch | null, words: string) => {
    if (patch === null) return announce("There is nothing more");
    setActive(patch.layer);
    changed(patch.layer, words);
  };
  const resize = (larger: boolean) => {
    const next = Math.min(1, Math.max(0.005, size * (larger ? 1.25 : 0.8)));
    setSize(next);
    announce(`Brush size ${percent(next)}`);
  };
  const take = async (file: File) => {
    try {
      whole((await levelsOfFile(file, mask.width, mask.height)).data, `${file.name} is the mask`);
    } catch (error) {
      setProblem((error as ApiError).message);
    }
  };
  const takeFrom = (event: SyntheticEvent, transfer: DataTransfer) => {
    stay(event);
    const [file] = filesOf(transfer);
    if (file) void take(file);
  };
  const key = (event: KeyboardEvent) => {
    if (!event.ctrlKey && !event.metaKey) return;
    const letter = event.key.toLowerCase();
    if (letter === "z" && !event.shiftKey) step(history.undo(levels), "Undone");
    else if (letter === "y" || letter === "z") step(history.redo(levels), "Done again");
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={editor}
      className="mask-editor"
      onKeyDown={key}
      // What is dropped or pasted here is a mask, and no new content for the page behind.
      onDragOver={stay}
      onDrop={(event) => takeFrom(event, event.dataTransfer)}
      onPaste={(event) => takeFrom(event, event.clipboardData)}
    >
      <header className="mask-heading">
        <div>
          <h2 id={headingId}>{nameOfLayer(layer)}</h2>
          <p className="muted" data-testid="about">
            {aboutLayer(layer, mask)}
          </p>
        </div>
        <div className="row">
          <button type="button" className="button" onClick={onCancel}>
            Cancel
          </button>
          <button type="button" className="button primary" onClick={onDone}>
            Done
          </button>
        </div>
      </header>
      <Board
        key={layer.picture.url}
        picture={layer.picture}
        sheets={sheets}
        active={together.indexOf(active)}
        tool={tool}
        brush={{ radius: (size * Math.max(mask.width, mask.height)) / 2, softness }}
        plain={plain}
        version={version}
        label={`${nameOfLayer(layer)}, over ${layer.picture.title}`}
        help={helpId}
        onSize={resize}
        onTool={(next) => {
          setTool(next);
          announce(next === "erase" ? "Eraser" : "Brush");
        }}
        onPatch={(patch) => painted(patch && { ...patch, layer: active }, tool === "erase" ? "Erased" : "Painted")}
        announce={announce}
      />
      <div className="mask-side">
        {layers.length > 1 && <LayerChooser layers={layers} shares={shares} active={active} onChoose={setActive} />}
        <Tools
          tool={tool}
          size={size}
          softness={softness}
          plain={plain}
          undoable={history.undoable}
          redoable={history.redoable}
          rest={others.some((index) => shares[index] !== null)}
          onTool={setTool}
          onSize={setSize}
          onSoftness={setSoftness}
          onPlain={setPlain}
          onUndo={() => step(history.undo(levels), "Undone")}
          onRedo={() => step(history.redo(levels), "Done again")}
          onFill={() => whole(filled(mask, 255), "Filled")}
          onInvert={() => whole(inverted(mask), "Inverted")}
          onClear={() => whole(filled(mask, 0), "Cleared")}
          onRest={() => whole(rest(mask, others.map((index) => levels[index]!)), "Painted where no other style goes")}
          onFile={(file) => void take(file)}
        />
        {problem && (
          <p className="error" role="alert">
            {problem}
          </p>
        )}
        <p className="help mask-keys" id={helpId}>
          Paint with a mouse, a finger or a pen; two fingers zoom. Keys: the arrows move the brush (with Shift, far), Space
          paints, [ and ] change the size, B is the brush and E the eraser, + and − zoom, Ctrl+Z undoes.
        </p>
      </div>
      {/* What lies outside of a dialog is not read aloud while it is open. */}
      <div className="visually-hidden" role="status" aria-label="Announcements of the mask">
        <span key={said.number}>{said.text}</span>
      </div>
    </div>
  );
}

function stay(event: SyntheticEvent) {
  event.preventDefault();
  event.stopPropagation();
}

/** Shows a dialog while it is there. It is closed before it is removed, so that the focus goes back to where it was. */
function useModal(dialog: RefObject<HTMLDialogElement | null>) {
  useLayoutEffect(() => {
    const element = dialog.current!;
    if (!element.open) element.showModal();
    return () => element.close();
  }, [dialog]);
}

/** The levels of all layers, once their pictures and masks are there; or why they are not. */
function useLevels(layers: MaskLayer[]): [Levels[] | null, string] {
  const [levels, setLevels] = useState<Levels[] | null>(null);
  const [problem, setProblem] = useState("");
  // Those that it was opened with: what changes on the page meanwhile does not take away what is being painted.
  const [opened] = useState(layers);
  useEffect(() => {
    let gone = false;
    const load = async ({ picture, mask }: MaskLayer) => {
      const { naturalWidth, naturalHeight } = await decoded(picture.url);
      const { width, height } = maskSize(naturalWidth, naturalHeight);
      return mask === null ? blank(width, height) : levelsOf(mask, width, height);
    };
    Promise.all(opened.map(load)).then(
      (all) => gone || setLevels(all),
      () => gone || setProblem("A picture or its mask could not be opened. It may have been deleted."),
    );
    return () => {
      gone = true;
    };
  }, [opened]);
  return [levels, problem];
}
