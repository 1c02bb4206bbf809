import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type SyntheticEvent } from "react";

import { Button } from "../parts/Button.tsx";
import { Confirm, Dialog } from "../parts/Dialog.tsx";
import { Alert } from "../parts/Field.tsx";
import { loadImage } from "../parts/images.ts";
import { Board, type Tool } from "./Board.tsx";
import { aboutLayer, colourOfLayer, nameOfLayer, percent, type MaskLayer } from "./layers.ts";
import { blank, filled, History, inverted, isEven, maskSize, replace, rest, share, type Levels, type Patch } from "./levels.ts";
import { encoded, levelsOf, levelsOfFile } from "./pictures.ts";
import { LayerChooser, Tools, type Action } from "./Tools.tsx";

interface Props {
  layers: MaskLayer[];
  /** The key of the layer to open. */
  first?: string | undefined;
  /** Receives the changed masks by the keys of their layers, as `data:` URLs; null for a mask that was removed. */
  onDone: (changed: ReadonlyMap<string, string | null>) => void;
  onCancel: () => void;
}

/** A dialog in which masks are painted with a brush. Nothing changes on the page until it is done. */
export default function MaskEditor({ layers, first, onDone, onCancel }: Props) {
  const headingId = useId();
  const [loaded, problem] = useLevels(layers);
  const [asked, setAsked] = useState(false);
  const changed = useRef(new Set<number>());

  const cancel = () => (changed.current.size > 0 ? setAsked(true) : onCancel());
  const done = () => {
    const masks = [...changed.current].map((index): [string, string | null] => {
      const levels = loaded![index]!;
      return [layers[index]!.key, isEven(levels) ? null : encoded(levels)];
    });
    onDone(new Map(masks));
  };

  return (
    // Files dropped beside the editor must not become the content of the page behind it.
    <Dialog className="mask-dialog" aria-labelledby={headingId} onClose={cancel} onDragOver={stay} onDrop={stay}>
      {loaded === null ? (
        <div className="mask-waiting">
          <h2 id={headingId}>Masks</h2>
          <p className={problem ? "error" : "muted"} role="status">
            {problem || "Loading the picture…"}
          </p>
          <Button onClick={onCancel}>Close</Button>
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
      {asked && <Confirm title="Discard your changes?" keep="Keep painting" confirm="Discard" onKeep={() => setAsked(false)} onConfirm={onCancel} />}
    </Dialog>
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

  // Masks over the same picture are shown together.
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
    if (patch === null) return announce("Nothing left to undo or redo");
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
      whole((await levelsOfFile(file, mask.width, mask.height)).data, `${file.name} loaded`);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  const takeFrom = (event: SyntheticEvent, transfer: DataTransfer) => {
    stay(event);
    const file = transfer.files[0];
    if (file) void take(file);
  };
  const undo = () => step(history.undo(levels), "Undone");
  const redo = () => step(history.redo(levels), "Redone");
  const fillRest = () => whole(rest(mask, others.map((index) => levels[index]!)), "Filled where no other style goes");
  const actions: Action[] = [
    { label: "Undo", onClick: undo, idle: !history.undoable },
    { label: "Redo", onClick: redo, idle: !history.redoable },
    { label: "Fill", onClick: () => whole(filled(mask, 255), "Filled") },
    { label: "Invert", onClick: () => whole(inverted(mask), "Inverted") },
    { label: "Clear", onClick: () => whole(filled(mask, 0), "Cleared") },
    ...(others.some((index) => shares[index] !== null) ? [{ label: "Where no other style goes", onClick: fillRest, wide: true }] : []),
  ];
  const key = (event: KeyboardEvent) => {
    if (!event.ctrlKey && !event.metaKey) return;
    const letter = event.key.toLowerCase();
    if (letter === "z" && !event.shiftKey) undo();
    else if (letter === "y" || letter === "z") redo();
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={editor}
      className="mask-editor"
      onKeyDown={key}
      // Files dropped or pasted here are masks.
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
          <Button onClick={onCancel}>Cancel</Button>
          <Button className="primary" onClick={onDone}>
            Done
          </Button>
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
          actions={actions}
          onTool={setTool}
          onSize={setSize}
          onSoftness={setSoftness}
          onPlain={setPlain}
          onFile={(file) => void take(file)}
        />
        <Alert>{problem}</Alert>
        <p className="help mask-keys" id={helpId}>
          Paint with a mouse, finger or pen; pinch to zoom. Keys: arrows move the brush (Shift for larger steps), Space
          paints, [ and ] change the size, B selects the brush and E the eraser, + and − zoom, Ctrl+Z undoes.
        </p>
      </div>
      {/* While a dialog is open, screen readers ignore live regions outside it. */}
      <div className="visually-hidden" role="status" aria-label="Mask announcements">
        <span key={said.number}>{said.text}</span>
      </div>
    </div>
  );
}

function stay(event: SyntheticEvent) {
  event.preventDefault();
  event.stopPropagation();
}

/** The levels of all layers once their pictures are loaded, or what is wrong with them. */
function useLevels(layers: MaskLayer[]): [Levels[] | null, string] {
  const [levels, setLevels] = useState<Levels[] | null>(null);
  const [problem, setProblem] = useState("");
  // Only as they were when opened: later changes of the page must not discard what is being painted.
  const [opened] = useState(layers);
  useEffect(() => {
    let gone = false;
    const load = async ({ picture, mask }: MaskLayer) => {
      const { naturalWidth, naturalHeight } = await loadImage(picture.url);
      const { width, height } = maskSize(naturalWidth, naturalHeight);
      return mask === null ? blank(width, height) : levelsOf(mask, width, height);
    };
    Promise.all(opened.map(load)).then(
      (all) => gone || setLevels(all),
      () => gone || setProblem("A picture or mask could not be loaded. It may have been deleted."),
    );
    return () => {
      gone = true;
    };
  }, [opened]);
  return [levels, problem];
}
