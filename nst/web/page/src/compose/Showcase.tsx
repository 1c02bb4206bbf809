import { thumbnailUrl } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";

/** The content and style of each public/gallery/CONTENT-STYLE.jpg, painted by tools/studio_gallery.py. */
const PAIRS = [
  ["chelsea", "leaves"],
  ["coffee", "swirls"],
  ["rocket", "glass"],
  ["chelsea", "strokes"],
  ["coffee", "mosaic"],
  ["rocket", "strokes"],
  ["chelsea", "ink"],
  ["coffee", "glass"],
] as const;

interface Props {
  catalogue: Catalogue;
  onChoose: (pair: { content: string; style: string }) => void;
}

/** Shown before the first job: pictures painted from the samples. */
export function Showcase({ catalogue, onChoose }: Props) {
  const pairs = PAIRS.flatMap(([content, style]) => {
    const one = catalogue.contents.find(({ name }) => name === content);
    const other = catalogue.styles.find(({ name }) => name === style);
    return one && other ? [{ content: one, style: other }] : [];
  });
  if (pairs.length === 0) return null;
  return (
    <section aria-labelledby="showcase-heading">
      <h2 id="showcase-heading" className="lead">
        These were painted from the samples. Start with one of them, or add your own pictures and videos.
      </h2>
      <ul className="showcase">
        {pairs.map(({ content, style }) => (
          <li key={`${content.name}-${style.name}`}>
            <button
              type="button"
              className="example"
              aria-label={`${content.title} in the style of ${style.title}`}
              onClick={() => onChoose({ content: content.name, style: style.name })}
            >
              <img className="painted" src={`/gallery/${content.name}-${style.name}.jpg`} alt="" />
              <span className="sources">
                <img src={thumbnailUrl(content.url, 160)} alt="" />
                <img src={thumbnailUrl(style.url, 160)} alt="" />
                <span>
                  {content.title} + {style.title}
                </span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
