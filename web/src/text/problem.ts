/*
 * The sentence for an error, by what the reader can do about it.
 */
import { PorchlightError } from "../porchlight/index.ts";
import { words } from "../words.ts";

/* The sentence where something was written: what went wrong, and that the words are kept. */
export function keptSentence(error: unknown, failed: string): string {
    if (!(error instanceof PorchlightError)) return failed;
    const why = error.kind === "limited" ? problemSentence(error) : error.kind === "refused" ? error.detail : "";
    return why ? `${why} ${words.compose.kept}` : failed;
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
            return error.status === 403 ? problem.forbidden : error.detail || problem.fault;
        case "fault":
            return problem.fault;
    }
}
