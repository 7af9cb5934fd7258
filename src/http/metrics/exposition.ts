/** A number with the labels that tell it from others of its family. */
export interface Sample {
  labels?: Readonly<Record<string, string>>;
  value: number;
  /** Behind the family's name: `_bucket`, `_sum`, `_count` of a histogram. */
  ending?: string;
}

/** Numbers of one kind. */
export interface Family {
  name: string;
  help: string;
  type: "counter" | "gauge" | "histogram";
  samples: readonly Sample[];
}

/** The media type of what `exposition` prints. */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** Prints families in the text format that Prometheus and its like read (version 0.0.4). One without samples is left out. */
export function exposition(families: readonly Family[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(familyText)
    .join("");
}

function familyText({ name, help, type, samples }: Family): string {
  const lines = samples.map(({ labels = {}, value, ending = "" }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    return `${name}${ending}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function escapeLabel(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}
