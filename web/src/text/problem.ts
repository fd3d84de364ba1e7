/*
 * The sentence for an error, by what the reader can do about it.
 */
import { PorchlightError } from "../porchlight/index.ts";
import { words } from "../words.ts";

/* What the server refuses, in the app's own words, by the last part of the problem's type. */
const own = new Map<string, keyof typeof words.status.problem>([
    ["forbidden", "forbidden"],
    ["muted", "muted"],
    ["not-found", "gone"],
    ["too-large", "tooLong"],
    ["conflict", "conflict"],
    ["key-reused", "fault"],
]);

/* The server speaks English. Its sentence may know more ("has characters that cannot be shown"). */
const SERVER_LANGUAGE = "en";

function refusalSentence({ slug, status, detail }: PorchlightError): string {
    const { problem } = words.status;
    const name = own.get(slug) ?? (status === 403 ? "forbidden" : undefined);
    if (name) return problem[name];
    return (words.language === SERVER_LANGUAGE && detail) || problem.refused;
}

/* Why one cannot join a team. */
export function joinProblem(error: unknown): string {
    const status = error instanceof PorchlightError ? error.status : 0;
    if (status === 404) return words.join.badInvite;
    return status === 409 ? words.join.manyTeams : problemSentence(error);
}

/* The sentence where something was written: what went wrong, and that the words are kept. */
export function keptSentence(error: unknown, failed: string): string {
    if (!(error instanceof PorchlightError)) return failed;
    const helps = error.kind === "limited" || error.kind === "refused";
    return helps ? `${problemSentence(error)} ${words.compose.kept}` : failed;
}

export function problemSentence(error: unknown, online = navigator.onLine): string {
    const { problem } = words.status;
    if (!(error instanceof PorchlightError)) return problem.fault;
    switch (error.kind) {
        case "network":
            return online ? problem.network : problem.offline;
        case "limited":
            return problem.limited;
        case "server":
            return problem.server;
        case "refused":
            return refusalSentence(error);
        case "fault":
            return problem.fault;
    }
}
