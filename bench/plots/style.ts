/** Sizes of text, in the plot's own unit; shown 480 units wide, a unit is a CSS pixel. */
export const titleSize = 15;
export const textSize = 14;
/** From one line of text to the next. */
export const lineHeight = 20;

/** The groups of lines that have a colour and a marker of their own: first those that are about secretsfly … */
const ourGroups = 3;
/** … then the yardsticks'. */
const yardstickGroups = 2;

/** The group of the `i`th line of secretsfly's own, or of the `i`th yardstick. With more than these they come again. */
export function groupOf(i: number, isYardstick: boolean): number {
  return isYardstick ? ourGroups + (i % yardstickGroups) : i % ourGroups;
}

/**
 * How a plot looks: by classes, so that it follows the light or dark of whoever looks at it. It brings its own
 * background, since an image does not know what page it stands in. Printed it is light.
 *
 * The colours are told apart from each other and from the background by their lightness, too (3 : 1 and more).
 */
export const plotStyle = `
.plot { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif;
  --ground: #ffffff; --ink: #1c2321; --soft: #56625e; --grid: #e3e8e4; --axis: #7f8c87;
  --group-0: #0b6552; --group-1: #a8480a; --group-2: #8a1f5c; --group-3: #5d6a85; --group-4: #5a4fb0; }
@media screen and (prefers-color-scheme: dark) {
  .plot { --ground: #1a201e; --ink: #e5eae8; --soft: #a9b5b0; --grid: #2e3734; --axis: #6f7d78;
    --group-0: #74cdb4; --group-1: #f0a35e; --group-2: #f08fc0; --group-3: #9aa9c7; --group-4: #b3a9ff; }
}
.plot .ground { fill: var(--ground); }
.plot text { font-size: ${textSize}px; fill: var(--soft); }
.plot .title { font-size: ${titleSize}px; font-weight: 600; fill: var(--ink); }
.plot .name { fill: var(--ink); }
.plot .grid { stroke: var(--grid); stroke-width: 1; }
.plot .axis { stroke: var(--axis); stroke-width: 1; fill: none; }
.plot .break { fill: var(--ground); }
.plot .line { stroke: var(--colour); stroke-width: 2; fill: none; stroke-linejoin: round; stroke-linecap: round; }
.plot .whisker { stroke: var(--colour); stroke-width: 1.5; fill: none; opacity: 0.75; }
.plot .marker { fill: var(--colour); stroke: var(--colour); stroke-width: 1.75; stroke-linejoin: round; }
.plot .dashed .line { stroke-dasharray: 6 5; }
.plot .dashed .marker { fill: var(--ground); }
${Array.from({ length: ourGroups + yardstickGroups }, (_, i) => `.plot .group-${i} { --colour: var(--group-${i}); }`).join("\n")}
`;
