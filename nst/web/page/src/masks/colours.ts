/** The colours in which masks are shown. */

export type Colour = readonly [red: number, green: number, blue: number];

/** One for each style: rare in photos, and easy to tell apart, including with colour blindness. */
const COLOURS: readonly Colour[] = [
  [233, 30, 140],
  [0, 174, 255],
  [255, 193, 7],
  [112, 224, 0],
];

export function colourOf(index: number): Colour {
  return COLOURS[index % COLOURS.length]!;
}

export function css([red, green, blue]: Colour): string {
  return `rgb(${red} ${green} ${blue})`;
}
