/*
 * Cheers that drift by: each for some seconds, a few at a time. Not in the query cache, since they are no state of
 * anything: who looks sees them, and then they are gone.
 */
import type { Cheer } from "../porchlight/index.ts";

export const CHEER_ICONS = ["heart", "clap", "star", "sun", "strong"] as const;
export type CheerIcon = (typeof CHEER_ICONS)[number];

/* Other programs may send other words: then it is the heart that counts. */
export const cheerIconOf = (icon: string): CheerIcon => CHEER_ICONS.find((it) => it === icon) ?? "heart";

/* No longer than anything may move. */
const DRIFT_MS = 4_500;
/* More at once would be a crowd that nobody can read. */
const AT_ONCE_MAX = 12;

export interface DriftingCheer extends Cheer {
    key: number;
    /* Where across the screen, 0 to 1. */
    place: number;
}

export interface Cheers {
    arrived(cheer: Cheer): void;
    drifting(): readonly DriftingCheer[];
    watch(changed: () => void): () => void;
}

export function createCheers(driftMs = DRIFT_MS): Cheers {
    let list: readonly DriftingCheer[] = [];
    let keys = 0;
    const watchers = new Set<() => void>();
    const set = (next: readonly DriftingCheer[]): void => {
        list = next;
        watchers.forEach((it) => it());
    };
    return {
        arrived: (cheer) => {
            const key = (keys += 1);
            const drifting = { ...cheer, key, place: (key * 0.618) % 1 };
            set([...list, drifting].slice(-AT_ONCE_MAX));
            setTimeout(() => set(list.filter((it) => it.key !== key)), driftMs);
        },
        drifting: () => list,
        watch: (changed) => {
            watchers.add(changed);
            return () => watchers.delete(changed);
        },
    };
}

const teams = new Map<string, Cheers>();

export function cheersFor(team: string): Cheers {
    const known = teams.get(team) ?? createCheers();
    teams.set(team, known);
    return known;
}
