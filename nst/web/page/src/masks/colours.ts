/** The colours that masks are shown in. */

export type Colour = readonly [red: number, green: number, blue: number];

/** Of the styles in their order; far from each other, also for those who confuse red and green, and rare in photographs. */
export const COLOURS: readonly Colour[] = [
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
