/*
 * Figures in the Prometheus text format, as /metrics sends them. Pure: text in, figures out. A line that is none is
 * skipped, since another version of the server may say more.
 */
interface Sample {
    name: string;
    labels: Map<string, string>;
    value: number;
}

export interface Metrics {
    /* The sum of all samples of this name that have these labels; undefined when there is none. */
    sum(name: string, labels?: Record<string, string>): number | undefined;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

function readLine(line: string): Sample[] {
    const [, name = "", labels = "", value = ""] = LINE.exec(line) ?? [];
    const number = Number(value);
    if (!name || Number.isNaN(number)) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, key = "", text = ""]) => [key, text] as const);
    return [{ name, labels: new Map(pairs), value: number }];
}

export function readMetrics(text: string): Metrics {
    const samples = text.split("\n").flatMap(readLine);
    return {
        sum: (name, labels = {}) => {
            const wanted = Object.entries(labels);
            const found = samples.filter(
                (it) => it.name === name && wanted.every(([key, value]) => it.labels.get(key) === value),
            );
            return found.length === 0 ? undefined : found.reduce((sum, it) => sum + it.value, 0);
        },
    };
}
